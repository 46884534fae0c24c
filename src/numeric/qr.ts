/**
 * @file Thin QR by Householder reflections, of the transpose: orthonormal *rows* from independent rows.
 *
 * The diagonal of R is positive. Without that sign fix a retraction flips rows of each P independently and
 * ruins a good start (`P` and `−P` span the same space, but pair up differently across two models).
 */
import { NumericsError, present } from "../errors.js";
import { copy, matrix, row, type Matrix } from "./matrix.js";
import { axpy, dot, f64, scale } from "./vector.js";

/** A QR factorisation of `aᵀ`. */
export interface RowQr {
  /** `[rows, cols]`, orthonormal rows: Qᵀ of the factorisation. */
  readonly q: Matrix;
  /** `[rows]`, diagonal of R, not negative. */
  readonly diagonal: Float64Array;
}

/** Relative size of a diagonal element below which a row counts as dependent on the rows above it. */
const DEPENDENT = 1e-12;

/**
 * Orthonormalises the rows of `a` `[rows, cols]`, rows ≤ cols: `aᵀ = qᵀ R`, R upper triangular with positive diagonal.
 *
 * @throws {@link NumericsError} when rows are linearly dependent or not finite.
 */
export function qrOfRows(a: Matrix): RowQr {
  const found = factorRows(a);
  assertIndependent(found.diagonal, a);
  return found;
}

/** As {@link qrOfRows}, with R `[rows, rows]`, also for dependent rows: their diagonal element is then about 0. */
export function factorRows(a: Matrix): RowQr & { readonly r: Matrix } {
  const { rows, cols } = a;
  const reflectors = copy(a);
  const diagonal = new Float64Array(rows);
  for (let j = 0; j < rows; j++) diagonal[j] = reflectRowsBelow(reflectors, j);
  const q = accumulate(reflectors);
  const r = matrix(rows, rows);
  for (let j = 0; j < rows; j++) {
    const sign = f64(diagonal, j) < 0 ? -1 : 1;
    diagonal[j] = sign * f64(diagonal, j);
    r.data[j * rows + j] = f64(diagonal, j);
    scale(sign, row(q, j), cols);
    for (let i = j + 1; i < rows; i++) {
      r.data[j * rows + i] = sign * f64(reflectors.data, i * cols + j); // left there by the reflections
    }
  }
  return { q, diagonal, r };
}

/** A factorisation `a = cᵀ q` of the first `rank` rows of q. */
export interface RankedRows {
  /** `[rows, cols]`, orthonormal rows; those from `rank` on are orthogonal to all of a. */
  readonly q: Matrix;
  /** `[rank, rows]`. */
  readonly c: Matrix;
  readonly rank: number;
}

/**
 * Factorises `a` `[rows, cols]`, rows ≤ cols, the longest remaining row first, as far as rows are longer than `relative` times
 * the longest one (Golub and Van Loan, algorithm 5.4.1): what is left out of `cᵀ q` is shorter than that, row by row.
 */
export function rankRows(a: Matrix, relative: number): RankedRows {
  const { rows, cols } = a;
  const reflectors = copy(a);
  const order = [...Array(rows).keys()];
  const diagonal: number[] = [];
  let least = 0;
  for (let j = 0; j < rows; j++) {
    const lengths = order.slice(j).map((_, i) => lengthFrom(reflectors, j + i, j));
    const longest = Math.max(...lengths);
    if (j === 0) least = relative * longest;
    if (longest <= least) break;
    swapRows(reflectors, order, j, j + lengths.indexOf(longest));
    diagonal.push(reflectRowsBelow(reflectors, j));
  }
  const rank = diagonal.length;
  const c = matrix(rank, rows);
  order.forEach((row, i) => {
    for (let j = 0; j <= Math.min(i, rank - 1); j++) {
      c.data[j * rows + row] =
        i === j ? present(diagonal[j], "diagonal") : f64(reflectors.data, i * cols + j);
    }
  });
  reflectors.data.fill(0, rank * cols); // no more reflections
  return { q: accumulate(reflectors), c, rank };
}

/** Length of row r from column `first` on. */
function lengthFrom(a: Matrix, r: number, first: number): number {
  const x = { data: a.data, offset: r * a.cols + first };
  return Math.sqrt(dot(x, x, a.cols - first));
}

function swapRows(a: Matrix, order: number[], i: number, j: number): void {
  const { cols } = a;
  const kept = a.data.slice(i * cols, (i + 1) * cols);
  a.data.copyWithin(i * cols, j * cols, (j + 1) * cols);
  a.data.set(kept, j * cols);
  const [first, second] = [present(order[i], "row"), present(order[j], "row")];
  order[i] = second;
  order[j] = first;
}

/** Turns row j from its pivot on into a unit Householder vector and applies it to the rows below; returns R[j, j]. */
function reflectRowsBelow(a: Matrix, j: number): number {
  const n = a.cols - j;
  const v = { data: a.data, offset: j * a.cols + j };
  const length = Math.sqrt(dot(v, v, n));
  const pivot = f64(a.data, v.offset);
  const signed = pivot > 0 ? -length : length; // away from the pivot: no cancellation
  a.data[v.offset] = pivot - signed;
  const norm = Math.sqrt(dot(v, v, n));
  if (norm > 0) for (let c = 0; c < n; c++) a.data[v.offset + c] = f64(a.data, v.offset + c) / norm;
  for (let r = j + 1; r < a.rows; r++) reflect({ data: a.data, offset: r * a.cols + j }, v, n);
  return signed;
}

/** `x −= 2 (v·x) v` over `n` elements. */
function reflect(
  x: { readonly data: Float64Array; readonly offset: number },
  v: { readonly data: Float64Array; readonly offset: number },
  n: number,
): void {
  axpy(-2 * dot(v, x, n), v, { y: x, n });
}

/** The first `rows` rows of the product of the reflections: Qᵀ. */
function accumulate(reflectors: Matrix): Matrix {
  const { rows, cols } = reflectors;
  const q = matrix(rows, cols);
  for (let r = 0; r < rows; r++) {
    q.data[r * cols + r] = 1;
    for (let j = rows - 1; j >= 0; j--) {
      const v = { data: reflectors.data, offset: j * cols + j };
      reflect({ data: q.data, offset: r * cols + j }, v, cols - j);
    }
  }
  return q;
}

function assertIndependent(diagonal: Float64Array, a: Matrix): void {
  for (let j = 0; j < diagonal.length; j++) {
    const length = Math.sqrt(dot(row(a, j), row(a, j), a.cols));
    if (Math.abs(f64(diagonal, j)) > DEPENDENT * length && Number.isFinite(length)) continue;
    throw new NumericsError(`row ${j} of ${a.rows} cannot be orthonormalised`, {
      code: "DEPENDENT_ROWS",
      expected: "finite rows that are linearly independent",
      found: `length ${length}, of which ${Math.abs(f64(diagonal, j))} outside the rows above`,
    });
  }
}
