/** @file How the page looks on paper: light, everything unfolded, nothing cut off at an edge that could be scrolled. */
export const PRINT_STYLE = `
@media print {
  :root {
    color-scheme: light;
    --ground: #fff; --panel: #fff; --line: #c4c9ce; --ink: #000; --quiet: #444c55;
    --cross: #0072b2; --cross2: #b54400; --within: #000; --null: #c3c9cf; --swap: #6f7883; --ceiling: #cfe4f2;
    --fails: #b54400; --lost: #9c3f78; --moved: #1a6f9e; --gained: #876000;
    --transfers: #00704f; --absent: #59636e; --inconclusive: #735f00; --not-measurable: #59636e;
    --on-tile: #fff; --good: #e2f5ed; --blank: #f1f3f5; --hatch: rgb(255 255 255 / 0.28);
  }
  @page { margin: 14mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 9.5pt; } header, main, footer { max-width: none; padding: 0; }
  nav, .skip, .screen { display: none; } a { color: inherit; text-decoration: none; }
  .banner, .fact { border: 1px solid var(--line); } .banner { border-left: 0.5rem solid currentColor; }
  section { margin-top: 1.5rem; padding-top: 1rem; } h2, h3, h4, summary, caption { break-after: avoid; }
  figure, tr, .fact, .banner { break-inside: avoid; }
  .scroll { overflow: visible; background: none; } table { font-size: 7.5pt; max-width: 100%; }
  th, td { padding: 0.2rem 0.6rem 0.2rem 0; white-space: normal; } td.n, td:has(> i), thead th { white-space: normal; }
  td code { white-space: normal; } td.wide { min-width: 0; } caption { position: static; max-width: none; }
  svg.picture { max-width: 100%; height: auto; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  .still::details-content { display: none; }
  .cell { border: 0; border-top: 1px solid var(--line); border-radius: 0; } .cell > summary, .cell-body { padding-inline: 0; }
  .cell > summary::before, summary::marker { content: ""; }
}`;
