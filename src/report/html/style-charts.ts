/** @file How charts look: every series differs in shape or dash as well as in colour, so that grey paper shows them too. */
export const CHART_STYLE = `
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem 2rem; margin: 0.5rem 0 0; }
figure { margin: 0; min-width: 0; max-width: 30rem; } figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: 0.875rem; font-weight: 600; margin-bottom: 0.2rem; }
figcaption span { font-weight: 400; color: var(--quiet); }
svg { color: var(--ink); } svg.picture { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--quiet); font-variant-numeric: tabular-nums; }
figure svg text { paint-order: stroke; stroke: var(--ground); stroke-width: 4px; } svg .name { fill: var(--ink); } svg .strong { font-weight: 650; fill: var(--ink); } svg .letter { font-weight: 700; }
.m { text-anchor: middle; } .e { text-anchor: end; } svg .title { font-size: 14px; font-weight: 650; fill: var(--ink); }
svg text.is-fails { fill: var(--fails); } svg text.is-lost { fill: var(--lost); } svg text.is-moved { fill: var(--moved); }
svg text.is-gained { fill: var(--gained); } svg text.is-transfers { fill: var(--transfers); }
svg text.is-inconclusive { fill: var(--inconclusive); } svg text.is-absent, svg text.is-not-measurable { fill: var(--absent); }
.site rect { stroke: transparent; stroke-width: 1; } .site text { font-size: 14px; font-weight: 700; fill: var(--on-tile); }
.site.is-fails rect { fill: var(--fails); } .site.is-lost rect { fill: var(--lost); } .site text { paint-order: stroke; stroke-width: 5px; stroke-linejoin: round; }
.site.is-lost text { stroke: var(--lost); } .site.is-moved text { stroke: var(--moved); } .site.is-gained text { stroke: var(--gained); }
.site.is-moved rect { fill: var(--moved); } .site.is-gained rect { fill: var(--gained); }
.site.is-transfers rect { fill: var(--good); stroke: var(--transfers); } .site.is-transfers text { fill: var(--transfers); }
.site.is-inconclusive rect { fill: var(--ground); stroke: var(--inconclusive); stroke-dasharray: 3 2; } .site.is-inconclusive text { fill: var(--inconclusive); }
.site.is-absent rect, .site.is-not-measurable rect { fill: var(--blank); } .site.is-absent text, .site.is-not-measurable text { fill: var(--quiet); }
svg .site rect.over { stroke: none; } .hatching { stroke: var(--hatch); stroke-width: 2.5; fill: var(--hatch); }
svg a:hover rect { stroke: var(--ink); stroke-width: 2; } svg a:focus-visible { outline: none; } svg a:focus-visible rect { stroke: var(--ink); stroke-width: 3; stroke-dasharray: none; }
.axis { stroke: var(--quiet); } .grid { stroke: var(--line); }
.null { fill: var(--null); opacity: 0.6; } .null-edge { stroke: var(--swap); fill: none; }
.ceiling { fill: var(--ceiling); } .need { stroke: var(--ink); stroke-width: 2; }
.curve { fill: none; stroke-width: 2; } .bar { stroke-width: 1.6; }
.curve.cross, .bar.cross { stroke: var(--cross); } .mark.cross { fill: var(--cross); stroke: var(--ground); }
.curve.cross2, .bar.cross2 { stroke: var(--cross2); } .mark.cross2 { fill: var(--cross2); stroke: var(--ground); }
.curve.within, .curve.within2 { stroke: var(--within); stroke-dasharray: 6 4; } .bar.within, .bar.within2 { stroke: var(--within); }
.curve.within2 { stroke-dasharray: 2 3; }
.mark.within, .mark.within2 { fill: var(--ground); stroke: var(--within); stroke-width: 1.75; }
.curve.swap { stroke: var(--swap); stroke-width: 1.5; stroke-dasharray: 1.5 3.5; } .mark.swap { fill: var(--swap); }
`;
