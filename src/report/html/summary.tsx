/**
 * @file The top of the page: the question, the answer, the worst place, what was not tested, and the map of sites.
 */
import { basename, dirname } from "node:path";
import type { JSX } from "preact";

import type { Side } from "../../measure/measures.js";
import type { VariableVerdict } from "../../verdict/verdicts.js";
import { ABSENT, intervalText, percentText, sentence, valueText } from "../figure-text.js";
import { headline, layersOf, placeText, rolesOf, worstSite, worstVariable } from "../highlights.js";
import type { Result, Warning } from "../schema.js";
import { worstWord } from "../site-map.js";
import { RUN_WORDS, WORDS, WORD_ORDER } from "../words.js";
import { DataTable, MeasureCell, Tile, Word, numbers, texts } from "./parts.js";

/** Question, verdict and overview. */
export function Summary({ result }: { readonly result: Result }): JSX.Element {
  const { title, meaning } = RUN_WORDS[result.verdict];
  return (
    <header>
      <p class="eyebrow">
        Model Alignment Search audit: <strong>{modelName(result, "base")}</strong> (base) against{" "}
        <strong>{modelName(result, "tuned")}</strong> (tuned)
      </p>
      <h1>Which causal variables still work the same way inside after tuning?</h1>
      <p class={`stamp is-${result.verdict}`}>{title}</p>
      <p class="lead">{headline(result)}</p>
      <p class="quiet">
        The verdict of the run is “{title}”: {meaning}.
      </p>
      <div class="facts">
        <Worst result={result} />
        <Notes title="What was not tested" of={result.notTested} />
        {result.warnings.length > 0 && (
          <Notes title="Warnings" of={result.warnings.map(warningText)} />
        )}
      </div>
      <Verdicts result={result} />
      <SiteMap result={result} />
    </header>
  );
}

/** Names that tell nothing of a model: its folder does. */
const USUAL_NAMES: readonly string[] = ["model.onnx", "config.json"];

/** A model by its file, or by its folder where the file has a usual name. */
function modelName({ manifest }: Result, side: Side): string {
  const { paths } = manifest.timing;
  const adapter = paths[`${side} adapter configuration`];
  if (adapter !== undefined) return basename(dirname(adapter));
  const path = paths[`${side} model`];
  if (path === undefined) return side;
  return basename(USUAL_NAMES.includes(basename(path)) ? dirname(path) : path);
}

function Worst({ result }: { readonly result: Result }): JSX.Element {
  const variable = worstVariable(result) ?? result.variables[0];
  const worst = variable === undefined ? undefined : worstSite(variable);
  if (variable === undefined || worst === undefined) {
    return (
      <div class="fact">
        <h2>Worst variable and layer</h2>
        <p>No site could be compared.</p>
      </div>
    );
  }
  const { site, direction, quantity, measure } = worst;
  return (
    <div class="fact">
      <h2>Worst variable and layer</h2>
      <p>
        “{variable.variable}” <Word word={variable.verdict} />, most at {placeText(site)}
      </p>
      <p>
        <span class="figure">{valueText(measure)}</span> {intervalText(measure)}
      </p>
      <p class="quiet small">
        {quantity === "ratio" ? "effect as a ratio to the target's own" : `${quantity} (share)`},{" "}
        {direction}, n = {measure.n}, {measure.method}
      </p>
    </div>
  );
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
      <ul class="small">
        {props.of.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
    </div>
  );
}

/** One row per variable: what a slide would show. */
function Verdicts({ result }: { readonly result: Result }): JSX.Element {
  return (
    <section>
      <h2>Verdict per variable</h2>
      <DataTable
        caption={`The worst site of each variable, with its figure and ${percentText(result.policy.confidence)} interval`}
        head={[
          ...texts("Variable", "Verdict", "Worst site", "Figure there"),
          ...numbers("Value and interval", "n"),
        ]}
      >
        {result.variables.map((variable, index) => (
          <VerdictRow variable={variable} index={index} />
        ))}
      </DataTable>
    </section>
  );
}

function VerdictRow(props: {
  readonly variable: VariableVerdict;
  readonly index: number;
}): JSX.Element {
  const { variable, index } = props;
  const worst = worstSite(variable);
  return (
    <tr>
      <th scope="row">
        <a href={`#variable-${index}`}>{variable.variable}</a>
      </th>
      <td>
        <Word word={variable.verdict} />
      </td>
      <td>{worst === undefined ? ABSENT : placeText(worst.site)}</td>
      <td>{worst === undefined ? ABSENT : `${worst.quantity} ${worst.direction}`}</td>
      <MeasureCell of={worst?.measure} />
      <td class="number">{worst?.measure.n ?? ABSENT}</td>
    </tr>
  );
}

/** Variables × layers, one table per position role. */
function SiteMap({ result }: { readonly result: Result }): JSX.Element | null {
  const layers = layersOf(result);
  if (layers.length === 0) return null;
  return (
    <section>
      <h2>Map of sites</h2>
      <p class="quiet small">
        Verdict by layer of the residual stream (0 = embedding, else after that block), one table
        per position role.
      </p>
      <div class="maps">
        {rolesOf(result).map((role) => (
          <RoleMap result={result} role={role} layers={layers} />
        ))}
      </div>
      <Legend result={result} />
    </section>
  );
}

function RoleMap(props: {
  readonly result: Result;
  readonly role: string;
  readonly layers: readonly number[];
}): JSX.Element {
  const { result, role, layers } = props;
  const head = [{ text: "Layer" }, ...layers.map((layer) => ({ text: String(layer) }))];
  return (
    <DataTable class="map" caption={`Role “${role}”`} head={head}>
      {result.variables.map((variable) => {
        const sites = variable.sites.filter((site) => site.role === role);
        if (sites.length === 0) return null;
        return (
          <tr>
            <th scope="row">{variable.variable}</th>
            {layers.map((layer) => {
              const word = worstWord(sites.filter((site) => site.layer === layer));
              return <td>{word === undefined ? "" : <Tile word={word} />}</td>;
            })}
          </tr>
        );
      })}
    </DataTable>
  );
}

function Legend({ result }: { readonly result: Result }): JSX.Element {
  const used = result.variables.flatMap(({ sites }) => sites.map(({ verdict }) => verdict));
  return (
    <ul class="legend">
      {WORD_ORDER.filter((word) => used.some((seen) => seen === word)).map((word) => (
        <li>
          <Tile word={word} /> {WORDS[word].title}: {WORDS[word].meaning}
        </li>
      ))}
    </ul>
  );
}
