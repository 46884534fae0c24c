/**
 * @file Dense float64 matrices, row-major, and the products that learning needs (their loops: `kernels.ts`).
 * Not a matrix library: decompositions stand in `qr.ts`, `svd.ts` and `cholesky.ts`.
 */
import { invariant } from "../errors.js";
import { addProduct, addProductTransposed } from "./kernels.js";
import { dot, f64, scale, type Run } from "./vector.js";

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

/** The columns of `a` at `indices`, copied in that order. */
export function takeColumns(a: Matrix, indices: Iterable<number>): Matrix {
  const chosen = Int32Array.from(indices);
  const out = matrix(a.rows, chosen.length);
  for (let r = 0; r < a.rows; r++) {
    chosen.forEach((c, i) => {
      out.data[r * out.cols + i] = f64(a.data, r * a.cols + c);
    });
  }
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

/** `a b`: `[m, n] [n, p]` → `[m, p]`, added to `into` where one is given. */
export function multiply(a: Matrix, b: Matrix, into = matrix(a.rows, b.cols)): Matrix {
  invariant(a.cols === b.rows, `product of [${a.rows}, ${a.cols}] and [${b.rows}, ${b.cols}]`);
  assertShape(into, a.rows, b.cols);
  addProduct({ a: a.data, b: b.data, into: into.data, m: a.rows, n: a.cols, p: b.cols });
  return into;
}

/** `a bᵀ`: `[m, n] [p, n]` → `[m, p]`, added to `into` where one is given. */
export function multiplyTransposed(a: Matrix, b: Matrix, into = matrix(a.rows, b.rows)): Matrix {
  invariant(a.cols === b.cols, `a bᵀ of ${a.cols} and ${b.cols} columns`);
  assertShape(into, a.rows, b.rows);
  addProductTransposed({ a: a.data, b: b.data, into: into.data, m: a.rows, n: a.cols, p: b.rows });
  return into;
}

/** `aᵀ b`: `[n, m] [n, p]` → `[m, p]`, added to `into` where one is given. */
export function transposedMultiply(a: Matrix, b: Matrix, into = matrix(a.cols, b.cols)): Matrix {
  invariant(a.rows === b.rows, `aᵀ b of ${a.rows} and ${b.rows} rows`);
  return multiply(transpose(a), b, into); // turning a costs one pass beside the product's p
}

function assertShape({ rows, cols }: Matrix, m: number, p: number): void {
  invariant(rows === m && cols === p, `[${m}, ${p}] added to [${rows}, ${cols}]`);
}

/** Rows of a Gram matrix that are worked out together. */
const STRIP = 32;

/** `a aᵀ`, `[rows, rows]`, exactly symmetric. */
export function gram(a: Matrix): Matrix {
  const n = a.rows;
  const out = matrix(n, n);
  for (const [first, last] of rowBlocks(n, STRIP)) {
    const strip = multiplyTransposed(rowRange(a, first, last), rowRange(a, 0, last));
    for (let r = 0; r < strip.rows; r++) {
      for (let j = 0; j < last; j++) {
        const value = f64(strip.data, r * last + j);
        out.data[(first + r) * n + j] = value;
        out.data[j * n + first + r] = value; // within the strip: the same sum of the same products
      }
    }
  }
  return out;
}

/** Rows `first` to `last` (excluded): a view of the same numbers. */
export function rowRange(a: Matrix, first: number, last: number): Matrix {
  return matrix(last - first, a.cols, a.data.subarray(first * a.cols, last * a.cols));
}

/** Blocks of at most `size` of so many rows: `[first, last)` of each. */
export function* rowBlocks(rows: number, size: number): Generator<readonly [number, number]> {
  for (let first = 0; first < rows; first += size) yield [first, Math.min(rows, first + size)];
}

/** `a − b`, element by element. */
export function subtract(a: Matrix, b: Matrix): Matrix {
  assertShape(b, a.rows, a.cols);
  const out = matrix(a.rows, a.cols);
  for (let i = 0; i < out.data.length; i++) out.data[i] = f64(a.data, i) - f64(b.data, i);
  return out;
}

/** Sum of squares of all elements. */
export function squaredNorm(a: Matrix): number {
  return dot(row(a, 0), row(a, 0), a.data.length);
}

/** Removes from each row of `a` its part in the span of the orthonormal rows of `p`, in place. */
export function projectOut(a: Matrix, p: Matrix): void {
  const amounts = multiplyTransposed(a, p);
  scale(-1, row(amounts, 0), amounts.data.length);
  multiply(amounts, p, a);
}
