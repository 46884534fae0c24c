/**
 * @file The tables behind a chart: every figure with its interval, what stands beside it, and why each site is called so.
 */
import type { JSX } from "preact";

import {
  DIRECTIONS,
  type CellMeasures,
  type Direction,
  type Distance,
} from "../../measure/measures.js";
import type {
  ByDirection,
  Measure,
  SiteControls,
  SiteVerdict,
  VariableVerdict,
} from "../../verdict/verdicts.js";
import { ABSENT, percentText, plainText } from "../figure-text.js";
import type { Curve } from "../highlights.js";
import type { Result } from "../schema.js";
import { DivergenceTable } from "./divergence-table.js";
import { FurtherTables } from "./further-tables.js";
import { DataTable, Labels, MeasureCell, Reasons, Word, numbers, texts } from "./parts.js";

/** What the tables of one curve are made from. */
export interface SiteTablesProps {
  readonly result: Result;
  readonly variable: VariableVerdict;
  readonly curve: Curve;
}

/** All tables of one curve, folded away. */
export function SiteTables({ result, variable, curve }: SiteTablesProps): JSX.Element {
  const about = `${variable.variable}, role “${curve.role}”`;
  const owned = curve.sites.filter(({ ownTable }) => ownTable !== undefined);
  const cells = curve.sites.flatMap((site) => findCell(result, variable, site));
  return (
    <>
      <details>
        <summary>Table of the charts</summary>
        <Figures curve={curve} about={about} confidence={result.policy.confidence} />
      </details>
      <details>
        <summary>Gates, nulls and controls</summary>
        <Gates curve={curve} about={about} />
        <Controls curve={curve} about={about} />
        {owned.length > 0 && <OwnTable sites={owned} about={about} />}
      </details>
      <details>
        <summary>Why each site is called so</summary>
        <Why curve={curve} about={about} />
      </details>
      <FurtherTables curve={curve} about={about} />
      <DivergenceTable cells={cells} about={about} />
      {cells.length > 0 && (
        <details>
          <summary>How the maps were learned</summary>
          <Learning cells={cells} about={about} />
        </details>
      )}
    </>
  );
}

interface TableProps {
  readonly curve: Curve;
  readonly about: string;
}

function findCell(
  { cells }: Result,
  { audit, variable }: VariableVerdict,
  site: SiteVerdict,
): readonly CellMeasures[] {
  return cells.filter(
    ({ cell }) =>
      cell.audit === audit &&
      cell.variable === variable &&
      cell.layer === site.layer &&
      cell.role === site.role &&
      cell.k === site.k &&
      cell.seed === site.seed,
  );
}

function DirectionCells({ of }: { readonly of: ByDirection }): JSX.Element {
  return (
    <>
      {DIRECTIONS.map((key) => (
        <MeasureCell of={of[key]} />
      ))}
    </>
  );
}

function Figures({
  curve,
  about,
  confidence,
}: TableProps & { readonly confidence: number }): JSX.Element {
  return (
    <DataTable
      caption={`Interchange accuracy (share of trials) and ratio to the target's own effect, ${percentText(confidence)} intervals: ${about}`}
      head={[
        ...numbers("Layer"),
        ...texts("Verdict"),
        ...numbers("n", ...DIRECTIONS, "ratio base→tuned", "ratio tuned→base"),
      ]}
    >
      {curve.sites.map((site) => (
        <tr>
          <th scope="row" class="number">
            {site.layer}
          </th>
          <td>
            <Word word={site.verdict} />
          </td>
          <td class="number">{site.n}</td>
          <DirectionCells of={site.iia} />
          <MeasureCell of={site.ratio["base→tuned"]} />
          <MeasureCell of={site.ratio["tuned→base"]} />
        </tr>
      ))}
    </DataTable>
  );
}

function Gates({ curve, about }: TableProps): JSX.Element {
  return (
    <DataTable
      caption={`Gates: does swapping move the answer above the null, and so, does the model encode the variable? ${about}`}
      head={[
        ...numbers("Layer"),
        ...texts("base: full swap", "base: subspace", "base encodes it"),
        ...texts("tuned: full swap", "tuned: subspace", "tuned encodes it"),
      ]}
    >
      {curve.sites.map(({ layer, gates }) => (
        <tr>
          <th scope="row" class="number">
            {layer}
          </th>
          {([gates.base, gates.tuned] as const).flatMap(({ fullSwap, subspace, encodes }) =>
            [fullSwap, subspace ?? ABSENT, encodes].map((answer) => <td>{answer}</td>),
          )}
        </tr>
      ))}
    </DataTable>
  );
}

/** Rows of the table of controls; no intervention has a target only, so it repeats by direction. */
const CONTROLS: readonly {
  readonly name: string;
  readonly pick: (site: SiteVerdict) => ByDirection;
}[] = [
  { name: "full swap", pick: ({ controls }) => controls.fullSwap },
  { name: "no intervention", pick: ({ controls }) => byTarget(controls.noIntervention) },
  { name: "permuted sources", pick: ({ controls }) => controls.permuted },
  { name: "random subspace", pick: ({ controls }) => controls.randomSubspace },
  { name: "null: the largest of those three", pick: (site) => site.null },
  { name: "closed form, untrained", pick: ({ controls }) => controls.closedForm },
  { name: "base's subspace in both", pick: ({ controls }) => controls.frozenBasis },
  { name: "learned in the model alone", pick: ({ controls }) => controls.alone ?? {} },
  { name: "behaviour only (λ = 0)", pick: ({ further }) => further?.behaviourOnly ?? {} },
  { name: "learned from shuffled labels", pick: ({ further }) => further?.shuffledLabels ?? {} },
  { name: "from a network with random weights", pick: fromUntrained },
  { name: "learned maps, both models right", pick: ({ further }) => further?.bothRight?.iia ?? {} },
  {
    name: "answers that must stay: no intervention",
    pick: ({ further }) =>
      further?.isolation === undefined ? {} : byTarget(further.isolation.noIntervention),
  },
  {
    name: "answers that must stay: after the swap",
    pick: ({ further }) => further?.isolation?.kept ?? {},
  },
];

/** Random weights stand in for the other model, so its column shows them. */
function fromUntrained({ further }: SiteVerdict): ByDirection {
  const { base, tuned } = further?.untrainedSource ?? {};
  return { ...(tuned && { "base→tuned": tuned }), ...(base && { "tuned→base": base }) };
}

function byTarget({ base, tuned }: SiteControls["noIntervention"]): ByDirection {
  return { "base→base": base, "base→tuned": tuned, "tuned→base": base, "tuned→tuned": tuned };
}

function Controls({ curve, about }: TableProps): JSX.Element {
  const rows = curve.sites.flatMap((site) =>
    CONTROLS.map(({ name, pick }) => ({ layer: site.layer, name, measures: pick(site) })),
  );
  return (
    <DataTable
      caption={`Controls (share of trials) by direction; ${ABSENT} and controls without a row were not run: ${about}`}
      head={[...numbers("Layer"), ...texts("Control"), ...numbers(...DIRECTIONS)]}
    >
      {rows
        .filter(({ measures }) => Object.keys(measures).length > 0)
        .map(({ layer, name, measures }) => (
          <tr>
            <th scope="row" class="number">
              {layer}
            </th>
            <td>{name}</td>
            <DirectionCells of={measures} />
          </tr>
        ))}
    </DataTable>
  );
}

function OwnTable(props: {
  readonly sites: readonly SiteVerdict[];
  readonly about: string;
}): JSX.Element {
  return (
    <DataTable
      caption={`Under the tuned model's own answer table: interchange accuracy (share of trials): ${props.about}`}
      head={numbers("Layer", "n", ...DIRECTIONS)}
    >
      {props.sites.flatMap(({ layer, ownTable }) =>
        ownTable === undefined
          ? []
          : [
              <tr>
                <th scope="row" class="number">
                  {layer}
                </th>
                <td class="number">{ownTable.n}</td>
                <DirectionCells of={ownTable.iia} />
              </tr>,
            ],
      )}
    </DataTable>
  );
}

function Why({ curve, about }: TableProps): JSX.Element {
  return (
    <DataTable
      caption={`Reasons per site: ${about}`}
      head={[...numbers("Layer"), ...texts("Verdict", "Reasons")]}
    >
      {curve.sites.map((site) => (
        <tr>
          <th scope="row" class="number">
            {site.layer}
          </th>
          <td>
            <Word word={site.verdict} />
          </td>
          <td class="wide">
            <Labels of={site.labels} />
            <Reasons of={site.reasons} />
            <Reasons of={site.warnings.map((warning) => `warning: ${warning}`)} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

function Learning(props: {
  readonly cells: readonly CellMeasures[];
  readonly about: string;
}): JSX.Element {
  const natural = DIRECTIONS.map((key) => `naturalness ${key}`);
  return (
    <DataTable
      caption={`Learning: steps, kept step, validation loss there (nats), distance to natural states (ratio, 1 = natural), σ of the states: ${props.about}`}
      head={numbers("Layer", "steps", "kept", "loss", ...natural, "σ base", "σ tuned")}
    >
      {props.cells.map(({ cell, learning }) => (
        <tr>
          <th scope="row" class="number">
            {cell.layer}
          </th>
          <Plain of={learning?.steps} />
          <Plain of={learning?.bestStep} />
          <Plain
            of={learning === undefined ? undefined : lowestLoss(learning.validationLossNats)}
          />
          {DIRECTIONS.map((key: Direction) => (
            <MeasureCell of={asMeasure(learning?.naturalness[key])} />
          ))}
          <Plain of={learning?.sigma.base} />
          <Plain of={learning?.sigma.tuned} />
        </tr>
      ))}
    </DataTable>
  );
}

function asMeasure(distance: Distance | undefined): Measure | undefined {
  if (distance === undefined) return undefined;
  const { ratio: value, interval, n } = distance;
  const method = "median, 95 % from order statistics";
  return { kind: "value", value, unit: "ratio", interval, n, method };
}

/** The state with the lowest validation loss is the one that was kept. */
function lowestLoss(losses: readonly number[]): number | undefined {
  return losses.length === 0 ? undefined : Math.min(...losses);
}

function Plain({ of }: { readonly of: number | undefined }): JSX.Element {
  return <td class="number">{of === undefined ? ABSENT : plainText(of)}</td>;
}
