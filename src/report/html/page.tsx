/**
 * @file `report.html`: one file that loads nothing and runs nothing. A view of the result that adds nothing to it.
 */
import type { JSX } from "preact";

import { headline } from "../highlights.js";
import type { Result } from "../schema.js";
import { BaselineSection } from "./baseline-section.js";
import { Discord } from "./discord.js";
import { Document, renderDocument } from "./document.js";
import { Evidence } from "./evidence.js";
import { Glossary } from "./glossary.js";
import { brief } from "./parts.js";
import { variableId } from "./places.js";
import { Repeat } from "./repeat.js";
import { showable } from "./showable.js";
import { SiteMap } from "./site-map.js";
import { STYLE } from "./style.js";
import { Summary, Verdicts } from "./summary.js";
import { VariableSection } from "./variable.js";

/** Renders a result as a self-contained HTML page. */
export function renderReport(result: Result): string {
  return renderDocument(<Page stored={result} />);
}

function Page({ stored }: { readonly stored: Result }): JSX.Element {
  const result = showable(stored);
  return (
    <Document title={`mas-audit: ${brief(headline(result), 200)}`} style={STYLE}>
      <a class="skip" href="#main">
        Skip to the verdicts
      </a>
      <header>
        <Summary result={result} />
        <Contents result={result} />
      </header>
      <main id="main" tabIndex={-1}>
        <SiteMap result={result} />
        <Verdicts result={result} />
        <BaselineSection comparison={result.comparison} />
        {result.variables.map((variable, at) => (
          <VariableSection result={result} variable={variable} at={at} />
        ))}
        <Discord result={result} />
        <Evidence result={result} />
        <Glossary result={result} />
      </main>
      <footer>
        <Repeat result={result} stored={stored} />
      </footer>
    </Document>
  );
}

function Contents({ result }: { readonly result: Result }): JSX.Element {
  const places = [
    ...(result.variables.every(({ sites }) => sites.length === 0)
      ? []
      : [{ id: "map", name: "Map" }]),
    { id: "verdicts", name: "Verdicts" },
    ...(result.comparison === undefined ? [] : [{ id: "baseline", name: "Against the baseline" }]),
    ...result.variables.map(({ variable }, at) => ({
      id: variableId(at),
      name: brief(variable, 40),
    })),
    { id: "correlation", name: "Correlation and causation" },
    { id: "evidence", name: "Items" },
    { id: "checks", name: "Self-checks" },
    { id: "reading", name: "How to read this" },
    { id: "repeat", name: "To repeat this run" },
  ];
  return (
    <nav aria-label="Contents">
      <ul>
        {places.map(({ id, name }) => (
          <li>
            <a href={`#${id}`}>{name}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
