/** @file Figures between the units of two layers, and the halves of the items that they are fitted on and scored on. */
import { rowRange } from "../numeric/matrix.js";
import type { PairedStates } from "./procrustes.js";

/** One figure between the units of two layers. */
export interface UnitFigure {
  /** At most 7 characters, for the head of a column. */
  readonly name: string;
  /** The exact variant, spelt out. */
  readonly measure: string;
  /** `null` where it is undefined, and `reason` says why. */
  readonly value: number | null;
  readonly reason?: string;
  /** The same with the items of y in another order; absent within one model, `null` where that is undefined. */
  readonly chance?: number | null;
  /** Items that it is computed on. */
  readonly n: number;
  /** Items that something was fitted to before. */
  readonly nFit?: number;
}

/** Items in two halves. */
export interface Halves {
  readonly fit: PairedStates;
  readonly test: PairedStates;
}

/** The first half of the items, and the rest. */
export function halvesOf({ x, y }: PairedStates): Halves {
  const half = Math.floor(x.rows / 2);
  const part = (first: number, last: number): PairedStates => ({
    x: rowRange(x, first, last),
    y: rowRange(y, first, last),
  });
  return { fit: part(0, half), test: part(half, x.rows) };
}

/** At most `count` of `units`, drawn without order. */
export function drawUnits(
  units: readonly number[],
  count: number,
  random: { shuffle<T>(from: readonly T[]): T[] },
): readonly number[] {
  if (units.length <= count) return units;
  return random
    .shuffle(units)
    .slice(0, count)
    .sort((a, b) => a - b);
}
