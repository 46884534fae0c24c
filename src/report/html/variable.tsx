/**
 * @file One variable: its verdict and why, and for each position role the curves over layers with their tables.
 */
import type { JSX } from "preact";

import { SIDES, direction, type Side } from "../../measure/measures.js";
import type { VariableVerdict } from "../../verdict/verdicts.js";
import { curvesOf, type Curve } from "../highlights.js";
import type { Result } from "../schema.js";
import { sentence } from "../figure-text.js";
import { LayerChart, Mark, type SeriesKind } from "./layer-chart.js";
import { Labels, Reasons, Word } from "./parts.js";
import { SiteTables } from "./site-tables.js";

/** What a variable's section is made from. */
export interface VariableProps {
  readonly result: Result;
  readonly variable: VariableVerdict;
  /** Position in the result; names the section for links. */
  readonly index: number;
}

/** Verdict, reasons and curves of one variable. */
export function VariableSection({ result, variable, index }: VariableProps): JSX.Element {
  const audit = result.audits.find(
    (entry) => entry.audit === variable.audit && entry.variable === variable.variable,
  );
  const curves = curvesOf(variable.sites);
  return (
    <section id={`variable-${index}`} aria-labelledby={`variable-${index}-h`}>
      <h2 id={`variable-${index}-h`}>
        {variable.variable} <Word word={variable.verdict} /> <Labels of={variable.labels} />
      </h2>
      {audit !== undefined && (
        <p class="quiet">
          {/* a user's file may leave the question out: then it is the title */}
          {audit.title === audit.question ? audit.title : `${audit.title}: ${audit.question}`}{" "}
          (answers: {audit.classes.join(", ")})
        </p>
      )}
      <Reasons of={variable.reasons.map(sentence)} />
      {curves.length > 0 && <ChartLegend result={result} />}
      {curves.map((curve, position) => (
        <CurveBlock
          result={result}
          variable={variable}
          curve={curve}
          id={`variable-${index}-${position}`}
        />
      ))}
    </section>
  );
}

function CurveBlock(props: {
  readonly result: Result;
  readonly variable: VariableVerdict;
  readonly curve: Curve;
  readonly id: string;
}): JSX.Element {
  const { result, variable, curve, id } = props;
  return (
    <div class="chart">
      <h3>
        Role “{curve.role}”{" "}
        <span class="quiet">
          (k = {curve.k}, seed {curve.seed})
        </span>
      </h3>
      <div class="panels">
        {SIDES.map((target) => (
          <figure>
            <figcaption>
              Into {target}{" "}
              <span class="quiet" style="font-weight: 400">
                ({direction(other(target), target)} against {direction(target, target)})
              </span>
            </figcaption>
            <LayerChart
              curve={curve}
              target={target}
              ratio={result.policy.ratio}
              id={`${id}-${target}`}
              name={`${variable.variable}, role ${curve.role}`}
            />
          </figure>
        ))}
      </div>
      <SiteTables result={result} variable={variable} curve={curve} />
    </div>
  );
}

function other(side: Side): Side {
  return side === "base" ? "tuned" : "base";
}

function ChartLegend({ result }: { readonly result: Result }): JSX.Element {
  return (
    <ul class="legend" aria-label="Legend of the charts">
      <Key kind="cross">from the other model</Key>
      <Key kind="within">within the model (its ceiling)</Key>
      <Key kind="swap">whole state swapped within the model</Key>
      <li>
        <svg viewBox="0 0 38 16" aria-hidden="true">
          <rect class="null" x="2" y="5" width="34" height="9" />
          <path class="null-edge" d="M2 5H36" />
        </svg>
        null (largest control)
      </li>
      <li>
        <svg viewBox="0 0 38 16" aria-hidden="true">
          <path class="need" d="M10 8H28" />
        </svg>
        what the policy asks for: {result.policy.ratio} of the way from null to ceiling
      </li>
    </ul>
  );
}

function Key(props: { readonly kind: SeriesKind; readonly children: string }): JSX.Element {
  return (
    <li>
      <svg viewBox="0 0 38 16" aria-hidden="true">
        <path class={`curve ${props.kind}`} d="M1 8H37" />
        <Mark kind={props.kind} x={19} y={8} />
      </svg>
      {props.children}
    </li>
  );
}
