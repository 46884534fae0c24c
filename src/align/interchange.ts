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
import { matrix, row, type Matrix } from "../numeric/matrix.js";
import { axpy, dot, f64, i32, type Run } from "../numeric/vector.js";

/** One end of an interchange: a model's subspace and the items to take from its states. */
export interface End {
  /** P, `[k, dModel]`, orthonormal rows. */
  readonly subspace: Matrix;
  /** `[item, dModel]`. */
  readonly normalised: Matrix;
  /** `[row]`, item of each row. */
  readonly items: Int32Array;
}

/** `D = P_s n_s − P_t n_t`, `[row, k]`. */
export function coordinateDifference(source: End, target: End): Matrix {
  const k = source.subspace.rows;
  const out = matrix(source.items.length, k);
  for (let r = 0; r < out.rows; r++) {
    const from = row(source.normalised, i32(source.items, r));
    const into = row(target.normalised, i32(target.items, r));
    for (let j = 0; j < k; j++) {
      out.data[r * k + j] =
        dot(row(source.subspace, j), from, source.subspace.cols) -
        dot(row(target.subspace, j), into, target.subspace.cols);
    }
  }
  return out;
}

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
  // slice of the right length keeps the array's own type; every element is overwritten below
  const out = (
    raw.constructor === Float64Array
      ? new Float64Array(items.length * d)
      : new Float32Array(items.length * d)
  ) as T;
  const shift = { data: new Float64Array(d), offset: 0 };
  for (let r = 0; r < items.length; r++) {
    shift.data.fill(0);
    addShift(shift, subspace, row(difference, r));
    const from = i32(items, r) * d;
    for (let c = 0; c < d; c++) {
      out[r * d + c] = (raw[from + c] as number) + sigma * f64(shift.data, c);
    }
  }
  return out;
}

/** `into += P ᵀ D_row`. */
export function addShift(into: Run, subspace: Matrix, difference: Run): void {
  for (let j = 0; j < subspace.rows; j++) {
    const amount = f64(difference.data, difference.offset + j);
    axpy(amount, row(subspace, j), { y: into, n: subspace.cols });
  }
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
  const k = difference.cols;
  const dSource = source.subspace.cols;
  const dTarget = target.subspace.cols;
  for (let r = 0; r < difference.rows; r++) {
    const g = row(scaledGradient, r);
    const from = row(source.normalised, i32(source.items, r));
    const own = row(target.normalised, i32(target.items, r));
    for (let j = 0; j < k; j++) {
      const q = dot(row(target.subspace, j), g, dTarget);
      const targetRow = { y: row(into.target, j), n: dTarget };
      axpy(q, from, { y: row(into.source, j), n: dSource });
      axpy(f64(difference.data, r * k + j), g, targetRow);
      axpy(-q, own, targetRow);
    }
  }
}
