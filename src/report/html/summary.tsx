/**
 * @file The top of the page: the question, the answer, the worst place, what was not tested, and a row per variable.
 */
import type { JSX } from "preact";

import type { Excuse, VariableVerdict } from "../../verdict/verdicts.js";
import {
  ABSENT,
  intervalText,
  measureText,
  percentText,
  sentence,
  valueText,
} from "../figure-text.js";
import {
  headline,
  modelName,
  placeText,
  worstSite,
  worstVariable,
  type Highlight,
} from "../highlights.js";
import { excuseSentences, heldExcuse } from "../excuse-text.js";
import type { Result, Warning } from "../schema.js";
import { RUN_WORDS } from "../words.js";
import { brief, DataTable, MeasureCell, RowHead, Word, numbers, texts } from "./parts.js";
import { siteId, variableId } from "./places.js";

/** Question, verdict, worst place, and what was not tested. */
export function Summary({ result }: { readonly result: Result }): JSX.Element {
  const { title, meaning } = RUN_WORDS[result.verdict];
  const excused = excuseSentences(result);
  return (
    <>
      <p class="eyebrow">
        Model Alignment Search audit: <strong>{brief(modelName(result, "base"))}</strong> (base)
        against <strong>{brief(modelName(result, "tuned"))}</strong> (tuned)
      </p>
      <h1>Which causal variables still work the same way inside after tuning?</h1>
      <div class={`banner is-${result.verdict}`}>
        <p class="stamp">{title}</p>
        <p class="lead">{headline(result)}</p>
        <p class="small">
          The verdict of the run is “{title}”: {meaning}.
        </p>
      </div>
      <div class="facts">
        <Worst result={result} />
        <Notes title="What was not tested" of={result.notTested} />
        {excused.length > 0 && (
          <Notes title="Allowed or waived by the policy" of={excused.map(sentence)} />
        )}
        {result.warnings.length > 0 && (
          <Notes title="Warnings" of={result.warnings.map(warningText)} />
        )}
      </div>
    </>
  );
}

function Worst({ result }: { readonly result: Result }): JSX.Element {
  const variable = worstVariable(result) ?? lowest(result.variables);
  const worst = variable === undefined ? undefined : worstSite(variable);
  if (variable === undefined || worst === undefined) {
    return (
      <div class="fact">
        <h2>Worst variable and layer</h2>
        <p>No site could be compared.</p>
      </div>
    );
  }
  const { site, measure } = worst;
  const href = `#${siteId(result.variables.indexOf(variable), variable.sites.indexOf(site))}`;
  return (
    <div class="fact">
      <h2>Worst variable and layer</h2>
      <p>
        “{brief(variable.variable)}” <Word word={variable.verdict} />, most at{" "}
        <a href={href}>{placeText(site)}</a>
      </p>
      <p>
        <span class="figure">{valueText(measure)}</span> {intervalText(measure)}
      </p>
      <p class="quiet small">
        {tell(worst)}, n = {measure.n}, {measure.method}
      </p>
      {besideText(worst) !== undefined && <p class="quiet small">{besideText(worst)}</p>}
    </div>
  );
}

/** Where all transfer, the one that does so least. */
function lowest(variables: readonly VariableVerdict[]): VariableVerdict | undefined {
  const value = (of: VariableVerdict): number => worstSite(of)?.measure.value ?? Infinity;
  return [...variables].sort((a, b) => value(a) - value(b))[0];
}

function tell({ quantity, direction }: Highlight): string {
  const words = {
    ratio: "effect across as a ratio to the target's own",
    IIA: "interchange accuracy (share of trials)",
    "full swap": "share of trials that the whole state, swapped, moves",
  };
  return `${words[quantity]}, ${direction}`;
}

/** A figure within one model says little without the other's. */
function besideText({ site, quantity, direction }: Highlight): string | undefined {
  if (quantity === "ratio" || direction !== "tuned→tuned") return undefined;
  const beside = (quantity === "IIA" ? site.iia : site.controls.fullSwap)["base→base"];
  return beside === undefined ? undefined : `In the base (base→base): ${measureText(beside)}`;
}

function warningText({ message, where, hint }: Warning): string {
  const place = where === undefined ? "" : ` (${where})`;
  return `${sentence(message + place)}${hint === undefined ? "" : ` ${sentence(hint)}`}`;
}

function Notes(props: { readonly title: string; readonly of: readonly string[] }): JSX.Element {
  return (
    <div class="fact">
      <h2>{props.title}</h2>
      {props.of.length === 0 && <p>Nothing is listed.</p>}
      {props.of.length > 0 && (
        <ul class="small">
          {props.of.map((note) => (
            <li>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** `waived until 2030-12-31`, or `allowed`. */
function excuseWord({ kind, expires }: Excuse): string {
  return expires === undefined ? kind : `${kind} until ${expires}`;
}

/** One row per variable. */
export function Verdicts({ result }: { readonly result: Result }): JSX.Element {
  return (
    <section aria-labelledby="verdicts">
      <h2 id="verdicts">Verdict per variable</h2>
      <DataTable
        caption={`The worst site of each variable, with its figure and ${percentText(result.policy.confidence)} interval`}
        head={[
          ...texts("Variable", "Verdict", "Worst site", "Figure there"),
          ...numbers("Value and interval", "n"),
        ]}
      >
        {result.variables.map((variable, at) => (
          <VerdictRow variable={variable} at={at} />
        ))}
      </DataTable>
    </section>
  );
}

function VerdictRow(props: {
  readonly variable: VariableVerdict;
  readonly at: number;
}): JSX.Element {
  const { variable, at } = props;
  const worst = worstSite(variable);
  const held = heldExcuse(variable);
  return (
    <tr>
      <RowHead>
        <a href={`#${variableId(at)}`}>{brief(variable.variable)}</a>
      </RowHead>
      <td>
        <Word word={variable.verdict} />
        {held !== undefined && ` (${excuseWord(held)})`}
      </td>
      <td>
        {worst === undefined ? (
          ABSENT
        ) : (
          <a href={`#${siteId(at, variable.sites.indexOf(worst.site))}`}>{placeText(worst.site)}</a>
        )}
      </td>
      <td>{worst === undefined ? ABSENT : `${worst.quantity} ${worst.direction}`}</td>
      <MeasureCell of={worst?.measure} />
      <td class="n">{worst?.measure.n ?? ABSENT}</td>
    </tr>
  );
}
