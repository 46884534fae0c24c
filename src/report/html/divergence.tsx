/** @file How far whole next-token distributions lie from what the target says naturally, for whole contexts only. */
import type { JSX } from "preact";

import {
  DIRECTIONS,
  DIVERGENCE_CONTROLS,
  SIDES,
  type CellMeasures,
  type Direction,
  type DivergenceControl,
  type Figure,
} from "../../measure/measures.js";
import type { ByDirection, Measure } from "../../verdict/verdicts.js";
import { IntervalChart, type ChartRow } from "./interval-chart.js";
import { DataTable, DirectionCells, Fold, MeasureCell, RowHead, numbers, texts } from "./parts.js";

const NAMES: Readonly<Record<DivergenceControl, string>> = {
  fullSwap: "all states swapped",
  iia: "learned maps",
  permuted: "permuted sources",
  randomSubspace: "random subspace",
  closedForm: "closed form, untrained",
  frozenBasis: "base's subspace in both",
};

/** Share of the floor that each intervention removes; nothing for cells that answer by classes. */
export function DivergenceParts(props: {
  readonly cell: CellMeasures | undefined;
  readonly id: string;
}): JSX.Element | null {
  const { cell, id } = props;
  if (cell?.divergence === undefined) return null;
  const { divergence } = cell;
  const rows = DIVERGENCE_CONTROLS.map((control) => ({
    name: NAMES[control],
    measures: measuresOf(divergence.removedShare[control]),
  })).filter(({ measures }) => Object.keys(measures).length > 0);
  const learned = measuresOf(divergence.removedShare.iia);
  return (
    <>
      <h4>Whole distributions</h4>
      <figure>
        <figcaption>
          Share of the floor that is gone <span>1 = says what it would have said</span>
        </figcaption>
        <IntervalChart
          id={id}
          title="Share of the divergence floor that the learned maps remove, by direction"
          axis={`share of the floor, n = ${divergence.floorNats.base.n}`}
          hasFigures
          rows={DIRECTIONS.map((key): ChartRow => ({
            label: key,
            marks: [{ kind: "cross", measure: learned[key] }],
          }))}
        />
      </figure>
      <Fold summary="Tables of the whole distributions">
        <DataTable
          caption="Floor: divergence without intervention (nats, KL of what the target says after the source text from what it says after its own)"
          head={[...texts("Target"), ...numbers("nats", "n")]}
        >
          {SIDES.map((side) => (
            <tr>
              <RowHead>{side}</RowHead>
              <MeasureCell of={asMeasure(divergence.floorNats[side])} />
              <td class="n">{divergence.floorNats[side].n}</td>
            </tr>
          ))}
        </DataTable>
        <DataTable
          caption="Share of the floor that is gone (1 = says what it would have said after the source text, 0 = as without intervention)"
          head={[...texts("Intervention"), ...numbers(...DIRECTIONS)]}
        >
          {rows.map(({ name, measures }) => (
            <tr>
              <RowHead>{name}</RowHead>
              <DirectionCells of={measures} />
            </tr>
          ))}
        </DataTable>
      </Fold>
    </>
  );
}

function measuresOf(figures: Readonly<Partial<Record<Direction, Figure>>>): ByDirection {
  return Object.fromEntries(
    DIRECTIONS.flatMap((key) => {
      const figure = figures[key];
      return figure === undefined ? [] : [[key, asMeasure(figure)] as const];
    }),
  );
}

function asMeasure({ value, interval, n }: Figure): Measure {
  return { kind: "value", value, unit: "difference", interval, n, method: "normal, 95 %" };
}
