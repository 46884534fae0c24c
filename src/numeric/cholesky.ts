/** @file Cholesky factor of a symmetric positive definite matrix, and the triangular solve that goes with it. */
import { NumericsError } from "../errors.js";
import { copy, matrix, multiply, row, rowBlocks, rowRange, type Matrix } from "./matrix.js";
import { axpy, dot, f64, scale } from "./vector.js";

/**
 * Lower triangular L with `a = L Lᵀ`, for symmetric `a` `[n, n]`.
 *
 * @throws {@link NumericsError} when `a` is not positive definite.
 */
export function cholesky(a: Matrix): Matrix {
  const n = a.rows;
  const lower = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const rest = f64(a.data, i * n + j) - dot(row(lower, i), row(lower, j), j);
      lower.data[i * n + j] = rest / f64(lower.data, j * n + j);
    }
    const pivot = f64(a.data, i * n + i) - dot(row(lower, i), row(lower, i), i);
    if (!(pivot > 0)) throw notPositive(i, pivot);
    lower.data[i * n + i] = Math.sqrt(pivot);
  }
  return lower;
}

/** Rows that are solved for together, after what the rows above take from them. */
const BLOCK = 32;

/** `L⁻¹ b` for lower triangular `lower` `[n, n]` and `b` `[n, m]`. */
export function solveLower(lower: Matrix, b: Matrix): Matrix {
  const out = copy(b);
  for (const [first, last] of rowBlocks(lower.rows, BLOCK)) {
    const above = matrix(last - first, first);
    for (let i = first; i < last; i++) {
      for (let j = 0; j < first; j++) {
        above.data[(i - first) * first + j] = -f64(lower.data, i * lower.rows + j);
      }
    }
    multiply(above, rowRange(out, 0, first), rowRange(out, first, last));
    for (let i = first; i < last; i++) solveRow(lower, { out, i, first });
  }
  return out;
}

/** Row i, from which all rows above `first` are already taken. */
function solveRow(
  lower: Matrix,
  { out, i, first }: { readonly out: Matrix; readonly i: number; readonly first: number },
): void {
  const target = row(out, i);
  for (let j = first; j < i; j++) {
    axpy(-f64(lower.data, i * lower.rows + j), row(out, j), { y: target, n: out.cols });
  }
  scale(1 / f64(lower.data, i * lower.rows + i), target, out.cols);
}

function notPositive(i: number, pivot: number): NumericsError {
  return new NumericsError(`matrix is not positive definite: pivot ${i} is ${pivot}`, {
    code: "NOT_POSITIVE_DEFINITE",
    expected: "a positive pivot",
    found: String(pivot),
  });
}
