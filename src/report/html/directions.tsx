/** @file A site's four directions: interchange accuracy above its null and under its ceiling, with the tests on them. */
import type { JSX } from "preact";

import {
  DIRECTIONS,
  SIDES,
  direction,
  type CellMeasures,
  type Direction,
  type Side,
} from "../../measure/measures.js";
import type { Measure, SiteVerdict } from "../../verdict/verdicts.js";
import { ABSENT } from "../figure-text.js";
import { IntervalChart, type ChartRow } from "./interval-chart.js";
import { DataTable, MeasureCell, Plain, RowHead, numbers, texts } from "./parts.js";

/** The model that continues with the patched state. */
export const TARGET: Readonly<Record<Direction, Side>> = {
  "base→base": "base",
  "base→tuned": "tuned",
  "tuned→base": "base",
  "tuned→tuned": "tuned",
};

/** Across first: they are the question; the ceilings follow. */
const ORDER = ["base→tuned", "tuned→base", "tuned→tuned", "base→base"] as const;

const IS_CROSS: Readonly<Record<Direction, boolean>> = {
  "base→base": false,
  "base→tuned": true,
  "tuned→base": true,
  "tuned→tuned": false,
};

/** The direction within the target of a direction: its ceiling. */
export function ceilingOf(key: Direction): Direction {
  return direction(TARGET[key], TARGET[key]);
}

/** Dots with intervals for the four directions. */
export function DirectionChart(props: {
  readonly site: SiteVerdict;
  readonly ratio: number;
  readonly id: string;
}): JSX.Element {
  const { site, ratio, id } = props;
  return (
    <figure>
      <figcaption>
        Directions <span>source → target; shade: null, band: ceiling, stroke: asked for</span>
      </figcaption>
      <IntervalChart
        id={id}
        title={`Interchange accuracy by direction, layer ${site.layer}, role ${site.role}`}
        axis={`interchange accuracy (share of trials), n = ${site.n}`}
        rows={ORDER.map((key) => rowOf(site, key, ratio))}
        hasFigures
      />
    </figure>
  );
}

function rowOf(site: SiteVerdict, key: Direction, ratio: number): ChartRow {
  const own = site.iia[ceilingOf(key)];
  const isCross = IS_CROSS[key];
  return {
    label: key,
    marks: [{ kind: isCross ? "cross" : "within", measure: site.iia[key] }],
    null: site.null[key],
    ...(isCross && site.iia[key] !== undefined && { ceiling: own, need: needed(site, key, ratio) }),
  };
}

/** Null plus the policy's share of the way from there to the ceiling, where a ratio was judged. */
export function needed(site: SiteVerdict, key: Direction, ratio: number): number | undefined {
  const ceiling: Measure | undefined = site.iia[ceilingOf(key)];
  const floor = site.null[ceilingOf(key)];
  if (site.ratio[key]?.kind !== "value") return undefined;
  if (ceiling?.kind !== "value" || floor?.kind !== "value") return undefined;
  return floor.value + ratio * (ceiling.value - floor.value);
}

/** The same figures, with the ratio that the verdict stands on. */
export function DirectionTable({ site }: { readonly site: SiteVerdict }): JSX.Element {
  return (
    <DataTable
      caption="By direction: interchange accuracy (share of trials), its null, and across the models the ratio to the target's own effect with the p of “it stays below the policy's ratio”, corrected"
      head={[...texts("Direction"), ...numbers("n", "accuracy", "null", "ratio", "p below")]}
    >
      {DIRECTIONS.map((key) => (
        <tr>
          <RowHead>{key}</RowHead>
          <td class="n">{site.n}</td>
          <MeasureCell of={site.iia[key]} />
          <MeasureCell of={site.null[key]} />
          <MeasureCell of={site.ratio[key]} />
          <Plain of={site.adjustedP[key]} />
        </tr>
      ))}
    </DataTable>
  );
}

/** Across against the target's own maps, on the same trials; nothing where neither direction was run. */
export function TestTable({ site }: { readonly site: SiteVerdict }): JSX.Element | null {
  const keys = DIRECTIONS.filter((key) => site.tests[key] !== undefined);
  if (keys.length === 0) return null;
  return (
    <DataTable
      caption="Across against the target's own maps, on the same trials: hits of one only, McNemar's exact p (they differ), difference with the p of “smaller than the margin” (two one-sided tests), and the ratio with an interval over target items"
      head={[
        ...texts("Direction"),
        ...numbers("only across", "only within", "p differ", "difference", "margin", "p same"),
        ...numbers("ratio, by items"),
      ]}
    >
      {keys.map((key) => (
        <tr>
          <RowHead>{key}</RowHead>
          <Plain of={site.tests[key]?.onlyCross} />
          <Plain of={site.tests[key]?.onlyWithin} />
          <Plain of={site.tests[key]?.p} />
          <MeasureCell of={site.tests[key]?.difference.measure} />
          <Plain of={site.tests[key]?.difference.margin} />
          <Plain of={site.tests[key]?.difference.equivalenceP} />
          <MeasureCell of={site.tests[key]?.clusteredRatio} />
        </tr>
      ))}
    </DataTable>
  );
}

/** Does each model encode the variable here? */
export function GateTable(props: {
  readonly site: SiteVerdict;
  readonly cell: CellMeasures | undefined;
}): JSX.Element {
  const { site, cell } = props;
  return (
    <DataTable
      caption="Gates: does swapping move the answer above the null, and so, does the model encode the variable? σ of its states"
      head={[
        ...texts("Model", "whole state moves it", "subspace moves it", "encodes it", "how"),
        ...numbers("σ"),
      ]}
    >
      {SIDES.map((side) => {
        const { fullSwap, subspace, encodes, isAlone } = site.gates[side];
        return (
          <tr>
            <RowHead>{side}</RowHead>
            <td>{fullSwap}</td>
            <td>{subspace ?? ABSENT}</td>
            <td>{encodes}</td>
            <td>{isAlone === true ? "by maps learned in it alone" : ABSENT}</td>
            <Plain of={cell?.learning?.sigma[side]} />
          </tr>
        );
      })}
    </DataTable>
  );
}
