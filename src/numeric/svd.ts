/**
 * @file Singular value decomposition: ml-matrix does the work, we check its answer on every call.
 * Tall orientation only (ml-matrix warns and is less exact for wide matrices); wide ones are transposed here, and very
 * tall ones are first reduced to a square.
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
import { factorRows } from "./qr.js";
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
  const answer = a.rows < a.cols ? turned(decomposeTall(transpose(a), a)) : decomposeTall(a);
  checkAnswer(a, answer);
  return answer;
}

function turned({ u, s, v }: Svd): Svd {
  return { u: v, s, v: u };
}

/** Through `a = Q R` where a is much taller than wide (Chan 1982): the decomposition proper is then that of R. */
function decomposeTall(a: Matrix, rows = transpose(a)): Svd {
  if (a.rows < 2 * a.cols) return decompose(a);
  const { q, r } = factorRows(rows);
  const inner = decompose(r);
  return { ...inner, u: transposedMultiply(q, inner.u) };
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

function checkAnswer(a: Matrix, { u, s, v }: Svd): void {
  const scaled = matrix(
    u.rows,
    u.cols,
    u.data.map((x, i) => x * f64(s, i % u.cols)),
  );
  const difference = subtract(a, multiplyTransposed(scaled, v));
  const norm = Math.sqrt(squaredNorm(a));
  const worst = Math.max(
    norm === 0 ? 0 : Math.sqrt(squaredNorm(difference)) / norm,
    departureFromOrthogonality(u),
    departureFromOrthogonality(v),
  );
  if (worst <= RESIDUAL_BOUND * s.length) return; // false for NaN as well
  throw new NumericsError(
    `singular value decomposition of [${a.rows}, ${a.cols}] failed its check`,
    {
      code: "SVD_FAILED",
      expected: `residual and departure from orthogonality at most ${RESIDUAL_BOUND * s.length}`,
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
