/** @file Geometry of k orthonormal rows: projection to the tangent space and retraction by QR. */
import {
  copy,
  matrix,
  multiply,
  multiplyTransposed,
  row,
  subtract,
  type Matrix,
} from "../numeric/matrix.js";
import { factorRows, qrOfRows } from "../numeric/qr.js";
import type { Stream } from "../stats/stream.js";
import { axpy, f64 } from "../numeric/vector.js";

/** Projects `g` `[k, d]` to the tangent space at `p` (orthonormal rows): `g − sym(g pᵀ) p`. */
export function projectToTangent(g: Matrix, p: Matrix): Matrix {
  const inner = multiplyTransposed(g, p);
  const k = p.rows;
  const symmetric = matrix(k, k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      symmetric.data[i * k + j] = (f64(inner.data, i * k + j) + f64(inner.data, j * k + i)) / 2;
    }
  }
  return subtract(g, multiply(symmetric, p));
}

/**
 * Orthonormal rows near `p + step`, by thin QR with positive diagonal.
 *
 * @throws {@link NumericsError} when the moved rows are dependent or not finite.
 */
export function retract(p: Matrix, step: Matrix): Matrix {
  const moved = copy(step);
  axpy(1, row(p, 0), { y: row(moved, 0), n: moved.data.length });
  return qrOfRows(moved).q;
}

/** A uniformly random subspace: k orthonormal rows in d dimensions. */
export function randomSubspace(k: number, d: number, random: Stream): Matrix {
  return qrOfRows(
    matrix(
      k,
      d,
      Float64Array.from({ length: k * d }, () => random.normal()),
    ),
  ).q;
}

/** Share of the longest part outside the rows above, below which a row adds no direction to them. */
const DEPENDENT = 1e-6;

/** Rows `[k, d]` orthonormalised in order; one that adds no direction to those above it is drawn anew. */
export function orthonormalRows(rows: Matrix, random: Stream): Matrix {
  const { diagonal } = factorRows(rows);
  const least = DEPENDENT * Math.max(...diagonal);
  const filled = copy(rows);
  diagonal.forEach((length, r) => {
    if (length > least) return;
    for (let c = 0; c < rows.cols; c++) filled.data[r * rows.cols + c] = random.normal();
  });
  return qrOfRows(filled).q;
}
