/**
 * @file How far patched states lie from natural states of their counterfactual, and the derivative of that.
 *
 * Because n' = n_t + P_tᵀ D, Σ⁻¹ (n' − c) = Σ⁻¹n_t − Σ⁻¹c + (Σ⁻¹P_tᵀ) D: the first two are computed once, the third
 * costs k products with Σ⁻¹ instead of one per row.
 */
import { multiply, row, rowBlocks, rowRange, subtract, type Matrix } from "../numeric/matrix.js";
import { Room } from "../numeric/room.js";
import { axpy, dot, i32, type Run } from "../numeric/vector.js";
import type { Precision } from "./covariance.js";
import type { NaturalStates } from "./natural-states.js";

/** Patched rows of one target model. */
export interface NaturalnessRows {
  /** `[item, dModel]`. */
  readonly normalised: Matrix;
  readonly natural: NaturalStates;
  /** P_t, `[k, dModel]`. */
  readonly subspace: Matrix;
  /** `[row]`, item of each row. */
  readonly items: Int32Array;
  /** `[row]`, counterfactual group of each row. */
  readonly groups: Int32Array;
  /** D, `[row, k]`. */
  readonly difference: Matrix;
}

/** Rows that are worked out together: they stay in the processor's cache. */
const BLOCK = 64;
const OFFSETS = new Room();
const IMAGES = new Room();

/**
 * Squared Mahalanobis distance of each patched row from the natural mean of its group: `[row]`.
 *
 * @param visit - called with each row's `Σ⁻¹ (n' − c)` (half the derivative); the run is overwritten afterwards.
 */
export function squaredDistances(
  rows: NaturalnessRows,
  visit?: (r: number, image: Run) => void,
): Float64Array {
  const { natural, normalised, subspace, items, difference } = rows;
  natural.prepare(items);
  const d = subspace.cols;
  const precise = natural.precision.apply(subspace);
  const out = new Float64Array(items.length);
  for (const [first, last] of rowBlocks(items.length, BLOCK)) {
    const part = rowRange(difference, first, last);
    const offsets = OFFSETS.matrix(part.rows, d);
    const images = IMAGES.matrix(part.rows, d);
    departuresInto(offsets, { ...rows, first, states: normalised, means: natural.means });
    multiply(part, subspace, offsets);
    const { preciseStates: states, preciseMeans: means } = natural;
    departuresInto(images, { ...rows, first, states, means });
    multiply(part, precise, images);
    for (let r = first; r < last; r++) {
      const image = row(images, r - first);
      visit?.(r, image);
      out[r] = dot(row(offsets, r - first), image, d);
    }
  }
  return out;
}

/** `into = state of the row's item − mean of its group`, for the rows from `first` on. */
function departuresInto(
  into: Matrix,
  {
    items,
    groups,
    first,
    states,
    means,
  }: Pick<NaturalnessRows, "items" | "groups"> & {
    readonly first: number;
    readonly states: Matrix;
    readonly means: Matrix;
  },
): void {
  for (let r = 0; r < into.rows; r++) {
    const item = i32(items, first + r);
    into.data.set(rowRange(states, item, item + 1).data, r * into.cols);
    axpy(-1, row(means, i32(groups, first + r)), { y: row(into, r), n: into.cols });
  }
}

/** Rows set against the means that they should lie near. */
export interface Departures {
  /** `[row]`: `(n − c)ᵀ Σ⁻¹ (n − c)`. */
  readonly squares: Float64Array;
  /** `[row, d]`: `Σ⁻¹ (n − c)`, half the derivative. */
  readonly images: Matrix;
}

/** Squared Mahalanobis distance of `states` `[row, d]` from `means` `[row, d]`, whatever put the states there. */
export function departuresFrom(means: Matrix, states: Matrix, precision: Precision): Departures {
  const offsets = subtract(states, means);
  const images = precision.apply(offsets);
  const squares = Float64Array.from({ length: states.rows }, (_, r) =>
    dot(row(offsets, r), row(images, r), states.cols),
  );
  return { squares, images };
}
