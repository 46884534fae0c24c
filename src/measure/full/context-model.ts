/**
 * @file One model at one layer, ready for exchanging contexts: its states by token, normalised, and what natural states
 * look like. Here the counterfactual state is known exactly, and not only up to a class: it is the model's own state at
 * the same token of the source text.
 */
import { fitPrecision } from "../../align/covariance.js";
import type { Grouping } from "../../align/grouping.js";
import { preparation, type NaturalStates } from "../../align/natural-states.js";
import { normaliseStates, type SiteStates } from "../../align/normalisation.js";
import type { StateFile } from "../../capture/state-file.js";
import { matrix, row, takeRows, type Matrix } from "../../numeric/matrix.js";
import { median } from "../../numeric/quantile.js";
import { dot, i32 } from "../../numeric/vector.js";
import type { TokenRows } from "./token-rows.js";

/** One model at one layer. */
export interface ContextModel {
  /** `[row, dModel]`. */
  readonly states: SiteStates;
  /** Every row is a group of its own, whose mean is the row itself. */
  readonly natural: NaturalStates;
  /** Median natural Mahalanobis distance from the common mean: the unit of the penalty. */
  readonly unit: number;
}

/** Rows that Σ is fitted to; more cost memory and no longer change it. */
const MOST_PRECISION_ROWS = 2000;

/** States of all tokens but the first, `[row, dModel]`. */
export function readRows(file: StateFile, rows: TokenRows): Float32Array {
  const { dModel } = file;
  const out = new Float32Array(rows.total * dModel);
  rows.start.forEach((start, item) => {
    const count = i32(rows.count, item);
    file.readTokens(item, { token: 1, count, into: out, at: start * dModel });
  });
  return out;
}

/**
 * Prepares a model from `raw` `[row, dModel]`; everything is fitted to the rows `train`.
 *
 * @throws {@link NumericsError} when a state is not finite or states do not vary.
 */
export function prepareContextModel({
  raw,
  dModel,
  train,
}: {
  readonly raw: Float32Array;
  readonly dModel: number;
  readonly train: Int32Array;
}): ContextModel {
  const grouping = oneGroup(raw.length / dModel);
  const states = normaliseStates({ raw, dModel, train, grouping });
  const natural = exactStates(states.normalised, spread(train, MOST_PRECISION_ROWS));
  return { states, natural, unit: natural.unit(train) };
}

/** All rows together: centre and scale are those of the whole site. */
function oneGroup(nRows: number): Grouping {
  return { group: new Int32Array(nRows), nGroups: 1, contrast: new Int32Array(1) };
}

/** At most `n` of the rows, evenly spread. */
function spread(rows: Int32Array, n: number): Int32Array {
  if (rows.length <= n) return rows;
  return Int32Array.from({ length: n }, (_, i) => i32(rows, Math.floor((i * rows.length) / n)));
}

/** Natural states where each row is its own yardstick; distances are by the covariance of the `train` rows. */
function exactStates(normalised: Matrix, train: Int32Array): NaturalStates {
  const precision = fitPrecision(takeRows(normalised, train));
  const preciseStates = matrix(normalised.rows, normalised.cols);
  const prepare = preparation(precision, normalised, preciseStates);
  return {
    means: normalised,
    preciseMeans: preciseStates,
    preciseStates,
    precision,
    prepare,
    unit(rows) {
      prepare(rows);
      const d = normalised.cols;
      const length = (r: number): number =>
        Math.sqrt(dot(row(normalised, r), row(preciseStates, r), d));
      return median(Array.from(rows, length));
    },
  };
}
