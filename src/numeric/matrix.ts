/**
 * @file Dense float64 matrices, row-major, and the three products that learning needs.
 * Not a matrix library: decompositions stand in `qr.ts`, `svd.ts` and `cholesky.ts`.
 */
import { invariant } from "../errors.js";
import { axpy, dot, f64, type Run } from "./vector.js";

/** `[rows, cols]`, row-major. The shape is fixed; the numbers may be written in place by kernels. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** A `[rows, cols]` matrix over `data` (not copied), or of zeros. @throws {@link InvariantError} on a wrong length. */
export function matrix(rows: number, cols: number, data?: Float64Array): Matrix {
  const values = data ?? new Float64Array(rows * cols);
  invariant(
    values.length === rows * cols,
    `${values.length} numbers for a [${rows}, ${cols}] matrix`,
  );
  return { rows, cols, data: values };
}

/** Row `r` as a run of `cols` elements. */
export function row(a: Matrix, r: number): Run {
  return { data: a.data, offset: r * a.cols };
}

/** A copy with its own numbers. */
export function copy(a: Matrix): Matrix {
  return matrix(a.rows, a.cols, a.data.slice());
}

/** `aᵀ`. */
export function transpose(a: Matrix): Matrix {
  const out = matrix(a.cols, a.rows);
  for (let r = 0; r < a.rows; r++) {
    for (let c = 0; c < a.cols; c++) out.data[c * a.rows + r] = f64(a.data, r * a.cols + c);
  }
  return out;
}

/** The rows of `a` at `indices`, copied in that order. */
export function takeRows(a: Matrix, indices: Iterable<number>): Matrix {
  const chosen = [...indices];
  const out = matrix(chosen.length, a.cols);
  chosen.forEach((r, i) => {
    out.data.set(a.data.subarray(r * a.cols, (r + 1) * a.cols), i * a.cols);
  });
  return out;
}

/** `a` above `b`. */
export function stack(a: Matrix, b: Matrix): Matrix {
  invariant(a.cols === b.cols, `stack of ${a.cols} and ${b.cols} columns`);
  const out = matrix(a.rows + b.rows, a.cols);
  out.data.set(a.data);
  out.data.set(b.data, a.data.length);
  return out;
}

/** `a b`: `[m, n] [n, p]` → `[m, p]`. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  invariant(a.cols === b.rows, `product of [${a.rows}, ${a.cols}] and [${b.rows}, ${b.cols}]`);
  const out = matrix(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    const into = { y: row(out, i), n: b.cols };
    for (let j = 0; j < a.cols; j++) axpy(f64(a.data, i * a.cols + j), row(b, j), into);
  }
  return out;
}

/** `a bᵀ`: `[m, n] [p, n]` → `[m, p]`. */
export function multiplyTransposed(a: Matrix, b: Matrix): Matrix {
  invariant(a.cols === b.cols, `a bᵀ of ${a.cols} and ${b.cols} columns`);
  const out = matrix(a.rows, b.rows);
  for (let i = 0; i < a.rows; i++) {
    const left = row(a, i);
    for (let j = 0; j < b.rows; j++) out.data[i * b.rows + j] = dot(left, row(b, j), a.cols);
  }
  return out;
}

/** `aᵀ b`: `[n, m] [n, p]` → `[m, p]`. */
export function transposedMultiply(a: Matrix, b: Matrix): Matrix {
  invariant(a.rows === b.rows, `aᵀ b of ${a.rows} and ${b.rows} rows`);
  const out = matrix(a.cols, b.cols);
  for (let r = 0; r < a.rows; r++) {
    const from = row(b, r);
    for (let i = 0; i < a.cols; i++) {
      axpy(f64(a.data, r * a.cols + i), from, { y: row(out, i), n: b.cols });
    }
  }
  return out;
}

/** `a aᵀ`, `[rows, rows]`, exactly symmetric. */
export function gram(a: Matrix): Matrix {
  const out = matrix(a.rows, a.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j <= i; j++) {
      const value = dot(row(a, i), row(a, j), a.cols);
      out.data[i * a.rows + j] = value;
      out.data[j * a.rows + i] = value;
    }
  }
  return out;
}

/** Sum of squares of all elements. */
export function squaredNorm(a: Matrix): number {
  return dot(row(a, 0), row(a, 0), a.data.length);
}

/** Removes from each row of `a` its part in the span of the orthonormal rows of `p`, in place. */
export function projectOut(a: Matrix, p: Matrix): void {
  for (let r = 0; r < a.rows; r++) {
    const target = row(a, r);
    for (let j = 0; j < p.rows; j++) {
      const direction = row(p, j);
      axpy(-dot(target, direction, a.cols), direction, { y: target, n: a.cols });
    }
  }
}
