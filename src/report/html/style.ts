/**
 * @file The style sheet of `report.html`: one column of calm text, figures that line up, light and dark, and paper.
 * Colours follow Okabe and Ito (2008), darkened or lightened until text on its ground has a contrast of 4.5 : 1.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f6f7f8; --line: #d9dde1; --ink: #1b1f24; --quiet: #59636e;
  --cross: #0072b2; --within: #1b1f24; --null: #c9ced4; --swap: #8a939c;
  --fails: #b54400; --lost: #9c3f78; --moved: #1a6f9e; --gained: #876000;
  --transfers: #00704f; --absent: #59636e; --inconclusive: #735f00; --not-measurable: #59636e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --panel: #1c2024; --line: #363c43; --ink: #e8eaed; --quiet: #a3adb8;
    --cross: #56b4e9; --within: #e8eaed; --null: #434a52; --swap: #8f99a3;
    --fails: #ff9a5c; --lost: #e6a3c7; --moved: #7cc4ee; --gained: #f0b93a;
    --transfers: #3fc79a; --absent: #a3adb8; --inconclusive: #e8d750; --not-measurable: #a3adb8;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
}
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
p, li { max-width: 46rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.35rem); font-weight: 650; letter-spacing: -0.015em; margin: 0.3rem 0 1rem; max-width: 24em; }
h2 { font-size: 1.4rem; font-weight: 650; letter-spacing: -0.01em; margin: 0 0 0.75rem; }
h3 { font-size: 1.05rem; font-weight: 600; margin: 2rem 0 0.5rem; }
section { margin-top: 3rem; padding-top: 1.75rem; border-top: 1px solid var(--line); }
a { color: var(--cross); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--cross); outline-offset: 2px; }
.eyebrow { margin: 0; color: var(--quiet); font-size: 0.875rem; }
.lead { font-size: 1.2rem; line-height: 1.45; margin: 0 0 0.5rem; }
.quiet { color: var(--quiet); }
.small { font-size: 0.875rem; }
.stamp {
  display: inline-block; margin: 0 0 0.75rem; padding: 0.15rem 0.75rem; border: 2px solid currentColor;
  border-radius: 0.3rem; font-weight: 700; letter-spacing: 0.06em; text-transform: uppercase;
}
.word { font-weight: 650; white-space: nowrap; }
.is-fails, .is-fail { color: var(--fails); } .is-lost { color: var(--lost); } .is-moved { color: var(--moved); }
.is-gained { color: var(--gained); } .is-transfers, .is-pass { color: var(--transfers); }
.is-absent { color: var(--absent); } .is-inconclusive { color: var(--inconclusive); }
.is-not-measurable { color: var(--not-measurable); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem; margin: 1.75rem 0 0; }
.fact { background: var(--panel); border-radius: 0.5rem; padding: 1rem 1.15rem; }
.fact h2 { font-size: 0.875rem; font-weight: 600; letter-spacing: 0; color: var(--quiet); margin: 0 0 0.4rem; }
.fact p { margin: 0 0 0.3rem; } .fact ul { margin: 0; padding-left: 1.1rem; } .fact li + li { margin-top: 0.35rem; }
.figure { font-size: 1.5rem; font-weight: 650; letter-spacing: -0.01em; }
/* a shade at an edge behind which the table goes on; the ground that scrolls with the table covers it at the end */
.scroll {
  overflow-x: auto; max-width: 100%;
  background:
    linear-gradient(to right, var(--ground) 50%, transparent) left / 2rem 100% no-repeat local,
    linear-gradient(to left, var(--ground) 50%, transparent) right / 2rem 100% no-repeat local,
    linear-gradient(to right, var(--line), transparent) left / 0.75rem 100% no-repeat scroll,
    linear-gradient(to left, var(--line), transparent) right / 0.75rem 100% no-repeat scroll;
}
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.4; }
caption {
  text-align: left; color: var(--quiet); padding: 0 0 0.5rem;
  position: sticky; left: 0; width: fit-content; max-width: min(46rem, calc(100vw - 2.5rem));
}
th, td { text-align: left; vertical-align: baseline; padding: 0.35rem 1.1rem 0.35rem 0; border-bottom: 1px solid var(--line); }
thead th { white-space: nowrap; font-weight: 600; border-bottom-color: var(--quiet); vertical-align: bottom; }
tbody th { font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.wide { min-width: 18rem; }
td.path { min-width: 12rem; overflow-wrap: anywhere; }
.maps { display: flex; flex-wrap: wrap; gap: 1.75rem 3rem; }
.maps > .scroll { flex: 0 1 auto; }
.map caption { font-weight: 600; color: var(--ink); }
.map td, .map thead th { text-align: center; padding: 0.25rem 0.1rem; min-width: 1.95rem; }
.map tbody th, .map thead th:first-child { text-align: left; padding-right: 1rem; white-space: nowrap; }
.map thead th { font-weight: 400; color: var(--quiet); }
.tile { display: inline-block; flex: none; width: 1.7rem; line-height: 1.6rem; border-radius: 0.25rem; font-weight: 650; text-align: center; border: 1px solid transparent; }
.tile.is-fails, .tile.is-lost, .tile.is-transfers, .tile.is-moved, .tile.is-gained { color: var(--ground); }
.tile.is-fails { background: var(--fails); } .tile.is-lost { background: var(--lost); } .tile.is-moved { background: var(--moved); }
.tile.is-gained { background: var(--gained); } .tile.is-transfers { background: var(--transfers); }
.tile.is-inconclusive { border: 1px dashed var(--inconclusive); }
.legend { display: flex; flex-wrap: wrap; gap: 0.35rem 1.35rem; list-style: none; margin: 0.75rem 0 0; padding: 0; font-size: 0.875rem; color: var(--quiet); }
.legend li { display: flex; align-items: center; gap: 0.45rem; }
.legend svg { flex: none; width: 2.4rem; height: 1rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 0.5rem 2rem; margin: 0.25rem 0 0; }
figure { margin: 0; min-width: 0; } figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: 0.875rem; font-weight: 600; }
svg text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--quiet); font-variant-numeric: tabular-nums; }
svg text.letter { font-weight: 700; }
svg .is-fails { fill: var(--fails); } svg .is-lost { fill: var(--lost); } svg .is-moved { fill: var(--moved); }
svg .is-gained { fill: var(--gained); } svg .is-transfers { fill: var(--transfers); }
svg .is-inconclusive { fill: var(--inconclusive); } svg .is-absent, svg .is-not-measurable { fill: var(--absent); }
.axis { stroke: var(--quiet); stroke-width: 1; } .grid { stroke: var(--line); stroke-width: 1; }
.null { fill: var(--null); opacity: 0.55; } .null-edge { stroke: var(--swap); stroke-width: 1; fill: none; }
.need { stroke: var(--cross); stroke-width: 1.5; }
.curve { fill: none; stroke-width: 2; }
.curve.cross, .bar.cross { stroke: var(--cross); } .mark.cross { fill: var(--cross); stroke: var(--ground); stroke-width: 1; }
.curve.within { stroke: var(--within); stroke-dasharray: 6 4; } .bar.within { stroke: var(--within); }
.mark.within { fill: var(--ground); stroke: var(--within); stroke-width: 1.75; }
.curve.swap { stroke: var(--swap); stroke-width: 1.5; stroke-dasharray: 1.5 3.5; } .mark.swap { fill: var(--swap); }
.bar { stroke-width: 1.5; }
details { margin: 0; } details[open] { margin-bottom: 1.25rem; } .panels + details { margin-top: 0.6rem; } summary { cursor: pointer; color: var(--quiet); font-size: 0.875rem; padding: 0.2rem 0; }
details .scroll { margin-top: 0.5rem; } .scroll + .scroll { margin-top: 1.5rem; } .maps .scroll + .scroll { margin-top: 0; }
.reasons { margin: 0.5rem 0 0; padding-left: 1.15rem; }
.labels { display: inline-flex; flex-wrap: wrap; gap: 0.4rem; vertical-align: middle; }
.label { font-size: 0.8125rem; font-weight: 400; letter-spacing: 0; color: var(--quiet); border: 1px solid var(--line); border-radius: 1rem; padding: 0 0.6rem; }
code, pre { font: 0.8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
td code { white-space: nowrap; }
pre { background: var(--panel); border-radius: 0.5rem; padding: 0.75rem 1rem; white-space: pre-wrap; margin: 0.5rem 0 1.25rem; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: 0.3rem 1.25rem; font-size: 0.875rem; margin: 0.5rem 0 1.25rem; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { .map td, .map thead th { min-width: 1.7rem; padding: 0.2rem 0.05rem; } .map tbody th, .map thead th:first-child { padding-right: 0.5rem; } .tile { width: 1.5rem; } main { padding-top: 1.5rem; } section { margin-top: 2.25rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; } }
@media print {
  :root { color-scheme: light; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  section { break-before: auto; } figure, tr, .fact { break-inside: avoid; } h2, h3, summary { break-after: avoid; }
  .scroll { overflow: visible; } details::details-content { content-visibility: visible; block-size: auto; }
  .tile { border: 1px solid var(--quiet); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
