/** @file How strongly units go together at all, within a model and between models: means over pairs of units. */
import type { Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";
import { binsFor, unitInformation } from "./mutual-information.js";
import { unitCorrelations } from "./unit-correlation.js";
import type { UnitFigure } from "./unit-figure.js";

/** Most units of each model. */
export const CLOSE_UNITS = 128;

/** Mean |r| and mean information of pairs of units of `x` and `y`; `isOwn`: of different units of one model. */
export function closeness(
  { x, y }: { readonly x: Matrix; readonly y: Matrix },
  {
    name,
    where,
    isOwn,
  }: { readonly name: string; readonly where: string; readonly isOwn: boolean },
): readonly UnitFigure[] {
  const n = x.rows;
  const bins = binsFor(n);
  const size = `at most ${CLOSE_UNITS} of each`;
  return [
    {
      ...{ name: `|r| ${name}`, n },
      measure: `mean absolute correlation of ${where}, ${size}`,
      value: meanOf(unitCorrelations(x, y), { isOwn, of: Math.abs }),
    },
    {
      ...{ name: `I ${name}`, n },
      measure: `mean ${informationName(bins)} of ${where}, ${size}`,
      value: meanOf(unitInformation(x, y, bins), { isOwn, of: (value) => value }),
    },
  ];
}

/** Exact name of the estimate. */
export function informationName(bins: number): string {
  return `mutual information (nats, ${bins} × ${bins} quantile bins, Miller–Madow)`;
}

/** Mean over pairs, without a unit with itself. */
function meanOf(
  { rows, cols, data }: Matrix,
  { isOwn, of }: { readonly isOwn: boolean; readonly of: (value: number) => number },
): number {
  let [total, count] = [0, 0];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      if (isOwn && i === j) continue;
      total += of(f64(data, i * cols + j));
      count++;
    }
  }
  return total / count;
}
