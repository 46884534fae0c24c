/**
 * @file The style sheet of `report.html`: one column of calm text, figures that line up, light and dark, and paper.
 * Colours follow Okabe and Ito (2008), darkened or lightened until text on its ground has a contrast of 4.5 : 1.
 */
import { CHART_STYLE } from "./style-charts.js";
import { PRINT_STYLE } from "./style-print.js";

const FONT = `system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif`;

const COLOURS = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f6f7f8; --line: #d9dde1; --ink: #1b1f24; --quiet: #59636e;
  --cross: #0072b2; --cross2: #b54400; --within: #1b1f24; --null: #c3c9cf; --swap: #6f7883; --ceiling: #cfe4f2;
  --fails: #b54400; --lost: #9c3f78; --moved: #1a6f9e; --gained: #876000;
  --transfers: #00704f; --absent: #59636e; --inconclusive: #735f00; --not-measurable: #59636e;
  --on-tile: #ffffff; --good: #cdeee1; --blank: #f1f3f5; --hatch: rgb(255 255 255 / 0.28);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --panel: #1c2024; --line: #363c43; --ink: #e8eaed; --quiet: #a3adb8;
    --cross: #56b4e9; --cross2: #ff9a5c; --within: #e8eaed; --null: #4c545d; --swap: #8f99a3; --ceiling: #1f3d52;
    --fails: #ff9a5c; --lost: #e6a3c7; --moved: #7cc4ee; --gained: #f0b93a;
    --transfers: #3fc79a; --absent: #a3adb8; --inconclusive: #e8d750; --not-measurable: #a3adb8;
    --on-tile: #14171a; --good: #123d30; --blank: #22272c; --hatch: rgb(20 23 26 / 0.3);
  }
}`;

const PAGE = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 ${FONT};
  font-variant-numeric: tabular-nums lining-nums;
}
header, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.25rem; } footer { padding-bottom: 4rem; }
p, li { max-width: 46rem; overflow-wrap: anywhere; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.55rem, 4.5vw, 2.2rem); font-weight: 650; letter-spacing: -0.015em; margin: 0.3rem 0 1.1rem; max-width: 24em; }
h2 { font-size: 1.4rem; font-weight: 650; letter-spacing: -0.01em; margin: 0 0 0.75rem; }
h3 { font-size: 1.1rem; font-weight: 600; margin: 2rem 0 0.5rem; }
h4 { font-size: 0.9375rem; font-weight: 600; margin: 1.5rem 0 0.4rem; }
section { margin-top: 2.75rem; padding-top: 1.6rem; border-top: 1px solid var(--line); }
a { color: var(--cross); }
:focus-visible { outline: 3px solid var(--cross); outline-offset: 2px; border-radius: 2px; }
:target { scroll-margin-top: 1rem; }
.skip { position: absolute; left: -999rem; } .skip:focus { position: fixed; left: 1rem; top: 0.75rem; z-index: 9; padding: 0.5rem 1rem; background: var(--ground); border: 2px solid var(--cross); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 1.5rem 0 0; padding: 0.6rem 0; border-block: 1px solid var(--line); font-size: 0.9375rem; }
main > section:first-child { border-top: 0; margin-top: 0.5rem; } nav li { max-width: 100%; }
.eyebrow { margin: 0; color: var(--quiet); font-size: 0.875rem; }
.quiet { color: var(--quiet); } .small { font-size: 0.875rem; } .light { font-weight: 400; }
.banner { border: 1px solid var(--line); border-left: 0.5rem solid currentColor; border-radius: 0.5rem; padding: 0.9rem 1.2rem; background: var(--panel); }
.banner p { margin: 0; color: var(--ink); } .banner .lead { font-size: 1.25rem; line-height: 1.4; font-weight: 500; }
.banner .stamp { color: inherit; } .banner .small { margin-top: 0.35rem; color: var(--quiet); }
.banner .lead + .stamp, .stamp + .lead { margin-top: 0.3rem; }
.stamp { font-size: 0.875rem; font-weight: 700; letter-spacing: 0.08em; text-transform: uppercase; }
.word { font-weight: 650; white-space: nowrap; }
.is-fails, .is-fail { color: var(--fails); } .is-lost { color: var(--lost); } .is-moved { color: var(--moved); }
.is-gained { color: var(--gained); } .is-transfers, .is-pass { color: var(--transfers); }
.is-absent { color: var(--absent); } .is-inconclusive { color: var(--inconclusive); }
.is-not-measurable { color: var(--not-measurable); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem; margin: 1rem 0 0; }
.fact { background: var(--panel); border-radius: 0.5rem; padding: 0.9rem 1.15rem; min-width: 0; }
.fact h2 { font-size: 0.9375rem; letter-spacing: 0; margin: 0 0 0.4rem; }
.fact p { margin: 0 0 0.3rem; } .fact ul { margin: 0; padding-left: 1.1rem; } .fact li + li { margin-top: 0.3rem; }
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
.scroll + .scroll { margin-top: 1.5rem; }
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.4; }
caption {
  text-align: left; color: var(--quiet); padding: 0 0 0.5rem; overflow-wrap: anywhere;
  position: sticky; left: 0; width: fit-content; max-width: min(46rem, calc(100vw - 2.5rem));
}
th, td { text-align: left; vertical-align: baseline; padding: 0.35rem 1.1rem 0.35rem 0; border-bottom: 1px solid var(--line); }
thead th { white-space: nowrap; font-weight: 600; border-bottom-color: var(--quiet); vertical-align: bottom; }
tbody th { font-weight: 600; max-width: 22rem; overflow-wrap: break-word; }
td.n, th.n, td:has(> i), td.number, th.number { text-align: right; white-space: nowrap; min-width: 0; }
td.why { white-space: normal; min-width: 12rem; color: var(--quiet); }
td i, .interval { font-style: normal; color: var(--quiet); }
td.wide { min-width: 16rem; max-width: 26rem; white-space: pre-wrap; overflow-wrap: anywhere; }
td.path { min-width: 12rem; overflow-wrap: anywhere; }
.map td, .map thead th { text-align: center; padding: 0.25rem 0.15rem; min-width: 2rem; }
.map tbody th, .map thead th:first-child, .map thead th:nth-child(2) { text-align: left; padding-right: 1rem; }
.tile {
  display: inline-block; width: 1.7rem; line-height: 1.5rem; text-align: center; border-radius: 0.25rem;
  border: 1px solid transparent; font-weight: 700; font-size: 0.875rem; text-decoration: none; color: var(--on-tile);
}
.tile.is-fails { background: var(--fails); } .tile.is-moved { background: var(--moved); } .tile.is-gained { background: var(--gained); }
.tile.is-lost { background: repeating-linear-gradient(45deg, var(--hatch) 0 2px, transparent 2px 6px), var(--lost); }
.tile.is-transfers { background: var(--good); color: var(--transfers); border-color: var(--transfers); }
.tile.is-inconclusive { color: var(--inconclusive); border: 1px dashed currentColor; }
.tile.is-absent, .tile.is-not-measurable { color: var(--quiet); background: var(--blank); }
.legend { display: flex; flex-wrap: wrap; gap: 0.35rem 1.5rem; list-style: none; margin: 0.75rem 0 0; padding: 0; font-size: 0.875rem; color: var(--quiet); }
.legend li { max-width: 100%; } .legend svg { width: 2.4rem; height: 1rem; vertical-align: -0.15rem; } .legend .tile { margin-right: 0.3rem; }
details { margin: 0; } summary { cursor: pointer; padding: 0.2rem 0; font-size: 0.875rem; color: var(--quiet); }
details[open] > summary { margin-bottom: 0.4rem; }
.cell { border: 1px solid var(--line); border-radius: 0.5rem; margin-top: 0.6rem; }
.cell > summary { display: flex; flex-wrap: wrap; gap: 0.15rem 0.75rem; align-items: baseline; padding: 0.5rem 0.9rem; color: var(--ink); }
.cell > summary::before { content: "▸"; color: var(--quiet); } .cell[open] > summary::before { content: "▾"; }
.cell > summary::-webkit-details-marker { display: none; }
.cell > summary .interval { margin-left: auto; } .cell > summary strong { font-weight: 600; }
.cell[open] > summary { border-bottom: 1px solid var(--line); margin: 0; }
.cell-body { padding: 0.25rem 0.9rem 1.1rem; } .cell-body > h4:first-child { margin-top: 0.75rem; }
.cell-body > details { margin-top: 0.5rem; } .cell-body caption { max-width: min(46rem, calc(100vw - 4.6rem)); }
.reasons { margin: 0.5rem 0 0; padding-left: 1.15rem; }
.labels { display: inline-flex; flex-wrap: wrap; gap: 0.4rem; vertical-align: middle; }
.label { font-size: 0.8125rem; font-weight: 400; letter-spacing: 0; color: var(--quiet); border: 1px solid var(--line); border-radius: 1rem; padding: 0 0.6rem; }
code, pre { font: 0.8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
td code { white-space: nowrap; }
pre { background: var(--panel); border-radius: 0.5rem; padding: 0.75rem 1rem; white-space: pre-wrap; margin: 0.5rem 0 1.25rem; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: 0.3rem 1.25rem; font-size: 0.875rem; margin: 0.5rem 0 1.25rem; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  header { padding-top: 1.5rem; } section { margin-top: 2.25rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; }
  .cell > summary .interval { margin-left: 0; width: 100%; }
}`;

/** Everything that `report.html` looks like. */
export const STYLE = `${COLOURS}${PAGE}${CHART_STYLE}${PRINT_STYLE}\n`;
