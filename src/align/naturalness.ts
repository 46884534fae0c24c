/**
 * @file How far patched states lie from natural states of their counterfactual, and the derivative of that.
 *
 * Because n' = n_t + P_tᵀ D, Σ⁻¹ (n' − c) = Σ⁻¹n_t − Σ⁻¹c + (Σ⁻¹P_tᵀ) D: the first two are computed once, the third
 * costs k products with Σ⁻¹ instead of one per row.
 */
import { row, type Matrix } from "../numeric/matrix.js";
import { dot, f64, i32, type Run } from "../numeric/vector.js";
import { addShift } from "./interchange.js";
import { applyToRows, type NaturalStates } from "./natural-states.js";

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

/**
 * Squared Mahalanobis distance of each patched row from the natural mean of its group: `[row]`.
 *
 * @param visit - called with each row's `Σ⁻¹ (n' − c)` (half the derivative); the run is overwritten afterwards.
 */
export function squaredDistances(
  rows: NaturalnessRows,
  visit?: (r: number, image: Run) => void,
): Float64Array {
  const { natural, subspace, items, groups, difference } = rows;
  natural.prepare(items);
  const d = subspace.cols;
  const precise = applyToRows(natural.precision, subspace);
  const offset = { data: new Float64Array(d), offset: 0 };
  const image = { data: new Float64Array(d), offset: 0 };
  const out = new Float64Array(items.length);
  for (let r = 0; r < items.length; r++) {
    const item = i32(items, r) * d;
    const group = i32(groups, r) * d;
    for (let c = 0; c < d; c++) {
      offset.data[c] = f64(rows.normalised.data, item + c) - f64(natural.means.data, group + c);
      image.data[c] =
        f64(natural.preciseStates.data, item + c) - f64(natural.preciseMeans.data, group + c);
    }
    addShift(offset, subspace, row(difference, r));
    addShift(image, precise, row(difference, r));
    visit?.(r, image);
    out[r] = dot(offset, image, d);
  }
  return out;
}
