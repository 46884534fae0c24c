/**
 * @file Singular value decomposition: ml-matrix does the work, we check its answer on every call.
 * Tall orientation only (ml-matrix warns and is less exact for wide matrices); wide ones are transposed here, and very
 * tall ones are first reduced to a square. Of a matrix with many singular values of 0 (states that repeat) ml-matrix returns
 * vectors that are not orthogonal, or never ends: only its part of full rank is decomposed.
 */
import { Matrix as MlMatrix, SingularValueDecomposition } from "ml-matrix";
import { NumericsError } from "../errors.js";
import {
  matrix,
  multiplyTransposed,
  squaredNorm,
  subtract,
  transpose,
  transposedMultiply,
  type Matrix,
} from "./matrix.js";
import { factorRows, rankRows, type RankedRows } from "./qr.js";
import { assertFinite, f64 } from "./vector.js";

/** `a = u diag(s) vᵀ` with r = min(rows, cols). */
export interface Svd {
  /** `[rows, r]`, orthonormal columns. */
  readonly u: Matrix;
  /** `[r]`, descending. */
  readonly s: Float64Array;
  /** `[cols, r]`, orthonormal columns. */
  readonly v: Matrix;
}

/** Bound on ‖a − u s vᵀ‖ / ‖a‖ and on ‖uᵀu − I‖, per column: double rounding with room for 10⁴ operations. */
const RESIDUAL_BOUND = 1e-11;

/**
 * Thin singular value decomposition of `a` `[rows, cols]`.
 *
 * @throws {@link NumericsError} when `a` is not finite, or the answer does not reproduce it.
 */
export function svd(a: Matrix): Svd {
  assertFinite(a.data, "matrix to decompose");
  const isWide = a.rows < a.cols;
  const [rows, tall] = isWide ? [a, transpose(a)] : [transpose(a), a];
  const ranked = rankRows(rows, NOTHING);
  const found = ranked.rank === rows.rows ? decomposeTall(tall, rows) : decomposeRanked(ranked);
  const answer = isWide ? turned(found) : found;
  checkAnswer(a, answer);
  return answer;
}

function turned({ u, s, v }: Svd): Svd {
  return { u: v, s, v: u };
}

/** Through `a = Q R` where a is much taller than wide (Chan 1982): the decomposition proper is then that of R. */
function decomposeTall(a: Matrix, rows: Matrix): Svd {
  if (a.rows < 2 * a.cols) return decompose(a);
  const { q, r } = factorRows(rows);
  const inner = decompose(r);
  return { ...inner, u: transposedMultiply(q, inner.u) };
}

/** Rows shorter than this share of the longest one are 0: far below the bound that the answer has to hold. */
const NOTHING = 1e-12;

/** Of `qᵀ c`, from its part of full rank; the vectors of the singular values 0 complete the others. */
function decomposeRanked({ q, c, rank }: RankedRows): Svd {
  const n = q.rows;
  const inner = rank === 0 ? none(n) : decompose(transpose(c)); // c = v diag(s) uᵀ
  const basis = matrix(n, n);
  basis.data.set(transpose(inner.u).data);
  const turn = matrix(n, n);
  for (let i = rank; i < n; i++) turn.data[i * n + i] = 1;
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) turn.data[i * n + j] = f64(inner.v.data, i * rank + j);
  }
  const s = new Float64Array(n);
  s.set(inner.s);
  return { u: transposedMultiply(q, turn), s, v: transpose(factorRows(basis).q) };
}

function none(n: number): Svd {
  return { u: matrix(n, 0), s: new Float64Array(0), v: matrix(0, 0) };
}

function decompose(a: Matrix): Svd {
  const decomposition = new SingularValueDecomposition(toMl(a), {
    computeLeftSingularVectors: true,
    computeRightSingularVectors: true,
    autoTranspose: false,
  });
  return {
    u: fromMl(decomposition.leftSingularVectors, a.cols),
    s: Float64Array.from(decomposition.diagonal.slice(0, a.cols)),
    v: fromMl(decomposition.rightSingularVectors, a.cols),
  };
}

/** Number of singular values above `relative` times the largest (0 for a zero matrix). */
export function rankOf(s: Float64Array, relative: number): number {
  const largest = s[0] ?? 0;
  return s.filter((value) => value > relative * largest).length;
}

function toMl(a: Matrix): MlMatrix {
  const out = new MlMatrix(a.rows, a.cols);
  for (let r = 0; r < a.rows; r++) {
    for (let c = 0; c < a.cols; c++) out.set(r, c, f64(a.data, r * a.cols + c));
  }
  return out;
}

function fromMl(a: MlMatrix, cols: number): Matrix {
  const out = matrix(a.rows, cols);
  for (let r = 0; r < a.rows; r++) {
    for (let c = 0; c < cols; c++) out.data[r * cols + c] = a.get(r, c);
  }
  return out;
}

/** The larger of ‖a − u s vᵀ‖ / ‖a‖ and the departures of u and v from orthogonality. */
function errorOf(a: Matrix, { u, s, v }: Svd): number {
  const scaled = matrix(
    u.rows,
    u.cols,
    u.data.map((x, i) => x * f64(s, i % u.cols)),
  );
  const difference = subtract(a, multiplyTransposed(scaled, v));
  const norm = Math.sqrt(squaredNorm(a));
  return Math.max(
    norm === 0 ? 0 : Math.sqrt(squaredNorm(difference)) / norm,
    departureFromOrthogonality(u),
    departureFromOrthogonality(v),
  );
}

function checkAnswer(a: Matrix, answer: Svd): void {
  const [worst, bound] = [errorOf(a, answer), RESIDUAL_BOUND * answer.s.length];
  if (worst <= bound) return; // false for NaN as well
  throw new NumericsError(
    `singular value decomposition of [${a.rows}, ${a.cols}] failed its check`,
    {
      code: "SVD_FAILED",
      expected: `residual and departure from orthogonality at most ${bound}`,
      found: String(worst),
    },
  );
}

/** Largest |qᵀq − I| over all columns of `q`. */
function departureFromOrthogonality(q: Matrix): number {
  const columns = transpose(q);
  const products = multiplyTransposed(columns, columns);
  return products.data.reduce((worst, x, i) => {
    const expected = i % (q.cols + 1) === 0 ? 1 : 0;
    return Math.max(worst, Math.abs(x - expected));
  }, 0);
}
