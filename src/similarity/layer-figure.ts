/** @file Figures between layers, one at a time and as tables. */

/** One figure between two layers; `value` is `null` where it is undefined (states that do not vary, too few items). */
export interface LayerFigure {
  readonly measure: string;
  readonly value: number | null;
  /** Items that it is computed on. */
  readonly n: number;
  /** Items that a map was fitted to; absent where nothing is fitted. */
  readonly nFit?: number;
  /** What unrelated states would give; absent where that is 0. */
  readonly chance?: number;
}

/** A table `[base layer, tuned layer]`; `null` as in {@link LayerFigure}. */
export interface LayerTable {
  readonly measure: string;
  readonly n: number;
  readonly values: readonly (readonly (number | null)[])[];
}
