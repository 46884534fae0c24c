/** @file How far whole next-token distributions lie from what the target says naturally, for whole contexts only. */
import type { JSX } from "preact";

import {
  DIRECTIONS,
  DIVERGENCE_CONTROLS,
  type CellMeasures,
  type DivergenceControl,
  type Figure,
} from "../../measure/measures.js";
import type { Measure } from "../../verdict/verdicts.js";
import { DataTable, MeasureCell, numbers, texts } from "./parts.js";

const NAMES: Readonly<Record<DivergenceControl, string>> = {
  fullSwap: "all states swapped",
  iia: "learned maps",
  permuted: "permuted sources",
  randomSubspace: "random subspace",
  closedForm: "closed form, untrained",
  frozenBasis: "base's subspace in both",
};

/** Share of the floor that each intervention removes, by direction; nothing for cells that answer by classes. */
export function DivergenceTable(props: {
  readonly cells: readonly CellMeasures[];
  readonly about: string;
}): JSX.Element | null {
  const rows = props.cells.flatMap(({ cell, divergence }) =>
    divergence === undefined
      ? []
      : DIVERGENCE_CONTROLS.flatMap((control) => {
          const shares = divergence.removedShare[control];
          return Object.keys(shares).length === 0 ? [] : [{ layer: cell.layer, control, shares }];
        }),
  );
  const floors = props.cells.flatMap(({ cell, divergence }) =>
    divergence === undefined ? [] : [{ layer: cell.layer, ...divergence.floorNats }],
  );
  if (floors.length === 0) return null;
  return (
    <details>
      <summary>Whole distributions</summary>
      <DataTable
        caption={`Floor: divergence without intervention (nats, KL of what the target says after the source text from what it says after its own): ${props.about}`}
        head={numbers("Layer", "into base", "into tuned")}
      >
        {floors.map(({ layer, base, tuned }) => (
          <tr>
            <th scope="row" class="number">
              {layer}
            </th>
            <MeasureCell of={asMeasure(base)} />
            <MeasureCell of={asMeasure(tuned)} />
          </tr>
        ))}
      </DataTable>
      <DataTable
        caption={`Share of the floor that is gone (1 = says what it would have said after the source text): ${props.about}`}
        head={[...numbers("Layer"), ...texts("Intervention"), ...numbers(...DIRECTIONS)]}
      >
        {rows.map(({ layer, control, shares }) => (
          <tr>
            <th scope="row" class="number">
              {layer}
            </th>
            <td>{NAMES[control]}</td>
            {DIRECTIONS.map((key) => {
              const figure = shares[key];
              return <MeasureCell of={figure && asMeasure(figure)} />;
            })}
          </tr>
        ))}
      </DataTable>
    </details>
  );
}

function asMeasure({ value, interval, n }: Figure): Measure {
  return { kind: "value", value, unit: "difference", interval, n, method: "normal, 95 %" };
}
