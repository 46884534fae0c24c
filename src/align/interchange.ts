/**
 * @file The intervention and its derivative, in normalised coordinates `n = (h − μ) / σ`:
 *
 *     D  = P_s n_s − P_t n_t
 *     h' = h_t + σ_t P_tᵀ D
 *     dL/dP_s = Σ q n_sᵀ          with g = σ_t dL/dh',  q = P_t g
 *     dL/dP_t = Σ (D gᵀ − q n_tᵀ)
 *
 * Everything here is O(rows · k · d); source and target may have different widths.
 */
import {
  matrix,
  multiply,
  multiplyTransposed,
  rowBlocks,
  rowRange,
  subtract,
  transposedMultiply,
  type Matrix,
} from "../numeric/matrix.js";
import { Room } from "../numeric/room.js";
import { f64, i32, scale } from "../numeric/vector.js";
import { distinctBlocks, shareItems, spreadToRows, sumPerItem } from "./item-rows.js";

/** One end of an interchange: a model's subspace and the items to take from its states. */
export interface End {
  /** P, `[k, dModel]`, orthonormal rows. */
  readonly subspace: Matrix;
  /** `[item, dModel]`. */
  readonly normalised: Matrix;
  /** `[row]`, item of each row. */
  readonly items: Int32Array;
}

/** `P n` of each item, `[place, k]`. */
export function coordinatesOfItems(
  { subspace, normalised }: Omit<End, "items">,
  distinct: Int32Array,
): Matrix {
  const out = matrix(distinct.length, subspace.rows);
  for (const { block, first, last } of distinctBlocks(distinct, normalised)) {
    multiplyTransposed(block, subspace, rowRange(out, first, last));
  }
  return out;
}

/** `P n` of each row, `[row, k]`. */
export function coordinatesOf(end: End): Matrix {
  const rows = shareItems(end.items);
  return spreadToRows(coordinatesOfItems(end, rows.distinct), rows);
}

/** `D = P_s n_s − P_t n_t`, `[row, k]`. */
export function coordinateDifference(source: End, target: End): Matrix {
  return subtract(coordinatesOf(source), coordinatesOf(target));
}

/** Rows that are shifted together: their shifts stay in the processor's cache. */
const BLOCK = 64;
const SHIFTS = new Room();

/**
 * `h' = h_t + σ_t P_tᵀ D` for each row: `[row, dModel]`, of the kind of `raw` (`[item, dModel]`).
 * A row with D = 0 keeps its state to the last bit.
 */
export function patchStates<T extends Float32Array | Float64Array>(
  { raw, sigma, target }: { raw: T; sigma: number; target: Omit<End, "normalised"> },
  difference: Matrix,
): T {
  const { subspace, items } = target;
  const d = subspace.cols;
  // the right kind keeps the array's own type; every element is overwritten below
  const out = (
    raw.constructor === Float64Array
      ? new Float64Array(items.length * d)
      : new Float32Array(items.length * d)
  ) as T;
  for (const [first, last] of rowBlocks(items.length, BLOCK)) {
    const shift = SHIFTS.matrix(last - first, d);
    shift.data.fill(0);
    multiply(rowRange(difference, first, last), subspace, shift);
    for (let r = first; r < last; r++) {
      const from = i32(items, r) * d;
      const at = (r - first) * d;
      for (let c = 0; c < d; c++) {
        out[r * d + c] = (raw[from + c] as number) + sigma * f64(shift.data, at + c);
      }
    }
  }
  return out;
}

/**
 * Adds dL/dP_s and dL/dP_t of all rows to `into.source` and `into.target` (one and the same matrix when source and
 * target are the same model), given `scaledGradient` g = σ_t dL/dh' `[row, dModel of the target]`.
 */
export function accumulateGradient(
  { source, target, difference }: { source: End; target: End; difference: Matrix },
  scaledGradient: Matrix,
  into: { readonly source: Matrix; readonly target: Matrix },
): void {
  const q = multiplyTransposed(scaledGradient, target.subspace);
  addOuter(q, source, into.source);
  transposedMultiply(difference, scaledGradient, into.target);
  scale(-1, { data: q.data, offset: 0 }, q.data.length);
  addOuter(q, target, into.target);
}

/** `into += Σ amounts_r n_rᵀ` over the rows of one end, each item once. */
function addOuter(amounts: Matrix, { normalised, items }: End, into: Matrix): void {
  const rows = shareItems(items);
  addOuterOfItems(sumPerItem(amounts, rows), { normalised, distinct: rows.distinct }, into);
}

/** `into += Σ amounts_i n_iᵀ` over items, given dL/d(P n) of each, `[place, k]`. */
export function addOuterOfItems(
  amounts: Matrix,
  { normalised, distinct }: { readonly normalised: Matrix; readonly distinct: Int32Array },
  into: Matrix,
): void {
  for (const { block, first, last } of distinctBlocks(distinct, normalised)) {
    transposedMultiply(rowRange(amounts, first, last), block, into);
  }
}
