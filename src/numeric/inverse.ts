/** @file The inverse of a small square matrix: ml-matrix does the work (LU with partial pivoting), we check its answer. */
import { inverse as mlInverse, Matrix as MlMatrix } from "ml-matrix";
import { NumericsError } from "../errors.js";
import { matrix, multiply, type Matrix } from "./matrix.js";

/** Largest element of |a a⁻¹ − I|: double rounding with room for a condition number of 10⁶. */
const RESIDUAL_BOUND = 1e-8;

/**
 * `a⁻¹` of `a` `[n, n]`.
 *
 * @throws {@link NumericsError} where `a` is singular, or so near to it that the answer fails its check.
 */
export function inverse(a: Matrix): Matrix {
  const found = matrix(a.rows, a.cols, attempt(a));
  const worst = multiply(a, found).data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (i % (a.rows + 1) === 0 ? 1 : 0))),
    0,
  );
  if (worst <= RESIDUAL_BOUND) return found; // false for NaN as well
  throw new NumericsError(`a [${a.rows}, ${a.cols}] matrix has no usable inverse`, {
    code: "SINGULAR_MATRIX",
    expected: `a product with its inverse within ${RESIDUAL_BOUND} of I`,
    found: String(worst),
    hint: "two of its directions have become one: choose a smaller k or learning rate",
  });
}

function attempt(a: Matrix): Float64Array {
  try {
    return Float64Array.from(mlInverse(MlMatrix.from1DArray(a.rows, a.cols, a.data)).to1DArray());
  } catch {
    return new Float64Array(a.data.length); // singular to the last bit: the check says so
  }
}
