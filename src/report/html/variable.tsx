/**
 * @file One variable: its verdict and why, and for each position role the curves over layers and the detail of each cell.
 */
import type { JSX } from "preact";

import { SIDES, direction, type CellMeasures, type Side } from "../../measure/measures.js";
import type { SiteVerdict, VariableVerdict } from "../../verdict/verdicts.js";
import { percentText, sentence } from "../figure-text.js";
import { curvesOf, type Curve } from "../highlights.js";
import type { Result } from "../schema.js";
import { CellDetail } from "./cell.js";
import { LayerChart } from "./layer-chart.js";
import { Key } from "./mark.js";
import {
  brief,
  DataTable,
  DirectionCells,
  Fold,
  Labels,
  MeasureCell,
  Reasons,
  RowHead,
  Word,
  numbers,
  texts,
} from "./parts.js";
import { variableId } from "./places.js";

/** What a variable's section is made from. */
export interface VariableProps {
  readonly result: Result;
  readonly variable: VariableVerdict;
  /** Number within the result; names the section for links. */
  readonly at: number;
}

/** A line needs some points; fewer layers are told by their cells alone. */
const FEWEST_LAYERS = 3;

/** Verdict, reasons, curves and cells of one variable. */
export function VariableSection({ result, variable, at }: VariableProps): JSX.Element {
  const audit = result.audits.find(
    (entry) => entry.audit === variable.audit && entry.variable === variable.variable,
  );
  const curves = curvesOf(variable.sites);
  const drawn = curves.find(isDrawn);
  const id = variableId(at);
  return (
    <section id={id} aria-labelledby={`${id}-h`}>
      <h2 id={`${id}-h`}>
        {brief(variable.variable)} <Word word={variable.verdict} /> <Labels of={variable.labels} />
      </h2>
      {audit !== undefined && (
        <p class="quiet">
          {/* a user's file may leave the question out: then it is the title */}
          {audit.title === audit.question ? audit.title : `${audit.title}: ${audit.question}`}{" "}
          (answers: {audit.classes.map((name) => brief(name)).join(", ")})
        </p>
      )}
      <Reasons of={variable.reasons.map(sentence)} />
      {curves.map((curve, position) => (
        <CurveBlock
          result={result}
          variable={variable}
          at={at}
          curve={curve}
          hasLegend={curve === drawn}
          id={`${id}-${position}`}
        />
      ))}
    </section>
  );
}

interface CurveProps extends VariableProps {
  readonly curve: Curve;
  /** The first charts of a variable explain them all. */
  readonly hasLegend: boolean;
  readonly id: string;
}

function isDrawn({ sites }: Curve): boolean {
  return sites.length >= FEWEST_LAYERS;
}

function CurveBlock(props: CurveProps): JSX.Element {
  const { result, variable, at, curve } = props;
  return (
    <div class="chart">
      <h3>
        Role “{brief(curve.role)}”{" "}
        <span class="quiet light">
          (k = {curve.k}, seed {curve.seed})
        </span>
      </h3>
      {isDrawn(curve) && <LayerCharts {...props} />}
      <Fold summary={isDrawn(curve) ? "Table of the charts" : "All layers as a table"}>
        <LayerTable {...props} />
      </Fold>
      {curve.sites.map((site) => (
        <CellDetail
          variable={variable}
          at={at}
          index={variable.sites.indexOf(site)}
          site={site}
          cell={findCell(result, variable, site)}
          audit={result.audits.find(
            (entry) => entry.audit === variable.audit && entry.variable === variable.variable,
          )}
          ratio={result.policy.ratio}
        />
      ))}
    </div>
  );
}

function findCell(
  { cells }: Result,
  { audit, variable }: VariableVerdict,
  site: SiteVerdict,
): CellMeasures | undefined {
  return cells.find(
    ({ cell }) =>
      cell.layer === site.layer &&
      cell.k === site.k &&
      cell.seed === site.seed &&
      cell.role === site.role &&
      cell.variable === variable &&
      cell.audit === audit,
  );
}

function LayerCharts({ result, variable, curve, hasLegend, id }: CurveProps): JSX.Element {
  return (
    <>
      <div class="panels">
        {SIDES.map((target) => (
          <figure>
            <figcaption>
              Into {target}{" "}
              <span>
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
      {hasLegend && <ChartLegend ratio={result.policy.ratio} />}
    </>
  );
}

function other(side: Side): Side {
  return side === "base" ? "tuned" : "base";
}

function LayerTable({ result, variable, curve }: CurveProps): JSX.Element {
  return (
    <DataTable
      caption={`Interchange accuracy (share of trials) and ratio to the target's own effect by layer, ${percentText(result.policy.confidence)} intervals: ${brief(variable.variable)}, role ${brief(curve.role)}`}
      head={[
        ...texts("Layer", "Verdict"),
        ...numbers("n", "base→base", "base→tuned", "tuned→base", "tuned→tuned"),
        ...numbers("ratio base→tuned", "ratio tuned→base"),
      ]}
    >
      {curve.sites.map((site) => (
        <tr>
          <RowHead>{site.layer}</RowHead>
          <td>
            <Word word={site.verdict} />
          </td>
          <td class="n">{site.n}</td>
          <DirectionCells of={site.iia} />
          <MeasureCell of={site.ratio["base→tuned"]} />
          <MeasureCell of={site.ratio["tuned→base"]} />
        </tr>
      ))}
    </DataTable>
  );
}

function ChartLegend({ ratio }: { readonly ratio: number }): JSX.Element {
  return (
    <ul class="legend" aria-label="Legend of the charts">
      <Key kind="cross">from the other model</Key>
      <Key kind="within">within the model (its ceiling)</Key>
      <Key kind="swap">whole state swapped within the model</Key>
      <li>
        <svg viewBox="0 0 38 16" aria-hidden="true">
          <rect class="null" x="2" y="5" width="34" height="9" />
          <path class="null-edge" d="M2 5H36" />
        </svg>{" "}
        null (largest control)
      </li>
      <li>
        <svg viewBox="0 0 38 16" aria-hidden="true">
          <path class="need" d="M10 8H28" />
        </svg>{" "}
        what the policy asks for: {ratio} of the way from null to ceiling
      </li>
    </ul>
  );
}
