/**
 * @file What natural states of a target model look like: group means, within-group precision, and the distance at
 * which natural states lie from their own mean. The yardstick that keeps learning from steering.
 */
import { matrix, row, rowBlocks, rowRange, takeRows, type Matrix } from "../numeric/matrix.js";
import { median } from "../numeric/quantile.js";
import { dot, i32 } from "../numeric/vector.js";
import { fitPrecision, type Precision } from "./covariance.js";
import { distinctItems } from "./distinct.js";
import { groupMeans, residualsOf, type Grouping } from "./grouping.js";

/** Natural states of one model at one site, in normalised coordinates. */
export interface NaturalStates {
  /** `[group, dModel]`: c(y), natural mean of each group of the train split. */
  readonly means: Matrix;
  /** `[group, dModel]`: Σ⁻¹ c(y). */
  readonly preciseMeans: Matrix;
  /** `[item, dModel]`: Σ⁻¹ n, filled for the items asked for with {@link NaturalStates.prepare}. */
  readonly preciseStates: Matrix;
  readonly precision: Precision;
  /** Computes Σ⁻¹ n once for each of `items`. */
  prepare(items: Iterable<number>): void;
  /** Median Mahalanobis distance of the distinct states among `items` from their own group mean. */
  unit(items: Int32Array): number;
}

/**
 * Fits natural states to the distinct `train` items of `normalised` `[item, dModel]`.
 *
 * @throws {@link NumericsError} when states do not vary within groups.
 */
export function fitNaturalStates(
  normalised: Matrix,
  train: Int32Array,
  grouping: Grouping,
): NaturalStates {
  const { means } = groupMeans(normalised, train, grouping);
  const distinct = distinctItems(normalised, train, grouping);
  const precision = fitPrecision(residualsOf(normalised, distinct, { means, grouping }));
  const preciseStates = matrix(normalised.rows, normalised.cols);
  const preciseMeans = precision.apply(means);
  const prepare = preparation(precision, normalised, preciseStates);
  return {
    means,
    preciseMeans,
    preciseStates,
    precision,
    prepare,
    unit(items) {
      const once = distinctItems(normalised, items, grouping);
      prepare(once);
      const offsets = residualsOf(normalised, once, { means, grouping });
      const images = residualsOf(preciseStates, once, { means: preciseMeans, grouping });
      const d = normalised.cols;
      return median(
        Array.from(once.keys(), (r) => Math.sqrt(dot(row(offsets, r), row(images, r), d))),
      );
    },
  };
}

/** Rows that are prepared together: copies of them are held meanwhile. */
const BLOCK = 256;

/** Fills the rows of `into` that are asked for with Σ⁻¹ × those of `states`, each once. */
export function preparation(
  precision: Precision,
  states: Matrix,
  into: Matrix,
): NaturalStates["prepare"] {
  const prepared = new Uint8Array(states.rows);
  return (items) => {
    const fresh = [...new Set(items)].filter((item) => prepared[item] !== 1);
    for (const [first, last] of rowBlocks(fresh.length, BLOCK)) {
      const block = fresh.slice(first, last);
      const images = precision.apply(takeRows(states, block));
      block.forEach((item, r) => {
        prepared[item] = 1;
        into.data.set(rowRange(images, r, r + 1).data, item * into.cols);
      });
    }
  };
}

/** Groups of `items` that have no natural state in the train split. */
export function missingGroups(
  groups: Iterable<number>,
  train: Int32Array,
  grouping: Grouping,
): number[] {
  const present = new Set([...train].map((item) => i32(grouping.group, item)));
  return [...new Set(groups)].filter((group) => !present.has(group)).sort((a, b) => a - b);
}
