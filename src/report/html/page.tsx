/**
 * @file `report.html`: one file that loads nothing and runs nothing. A view of the result that adds nothing to it.
 */
import type { JSX } from "preact";
import { render } from "preact-render-to-string";

import { headline } from "../highlights.js";
import { serialiseResult } from "../result-text.js";
import type { Result } from "../schema.js";
import { Evidence } from "./evidence.js";
import { Glossary } from "./glossary.js";
import { Repeat } from "./repeat.js";
import { STYLE } from "./style.js";
import { Summary } from "./summary.js";
import { VariableSection } from "./variable.js";

/** Nothing may be fetched and nothing may run, whatever a label or a prompt holds. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** Renders a result as a self-contained HTML page. */
export function renderReport(result: Result): string {
  return `<!doctype html>\n${render(<Page result={result} />)}\n`;
}

function Page({ result }: { readonly result: Result }): JSX.Element {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <title>{`mas-audit: ${headline(result)}`}</title>
        <link rel="icon" href="data:," />
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <main>
          <Summary result={result} />
          {result.variables.map((variable, index) => (
            <VariableSection result={result} variable={variable} index={index} />
          ))}
          <Evidence result={result} />
          <Glossary result={result} />
          <Repeat result={result} />
        </main>
        <script
          type="application/json"
          id="result"
          dangerouslySetInnerHTML={{ __html: embeddable(result) }}
        />
      </body>
    </html>
  );
}

/** The result as JSON that cannot end its own element: `<` never stands in it. */
function embeddable(result: Result): string {
  return serialiseResult(result).replaceAll("<", "\\u003c");
}
