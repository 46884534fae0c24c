/**
 * @file Subspaces without training, from group means: the start of every learner, and a baseline in itself.
 *
 * Two models: SVD of `M_Aᵀ M_B` (codes, centred and scaled) pairs directions of A with directions of B. Rows beyond
 * the rank of the code come from the paired within-group residuals, `R_Aᵀ R_B`.
 * One model: the leading right singular vectors of its own code, then of its residuals; the other model can be
 * aligned to it by the polar factor (Schönemann 1966).
 */
import { PlanError } from "../errors.js";
import {
  copy,
  matrix,
  multiply,
  multiplyTransposed,
  projectOut,
  stack,
  takeRows,
  transpose,
  transposedMultiply,
  type Matrix,
} from "../numeric/matrix.js";
import { factorRows, qrOfRows } from "../numeric/qr.js";
import { rankOf, svd } from "../numeric/svd.js";
import { f64 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { codeOf, groupMeans, residualsOf, type Grouping } from "./grouping.js";
import { randomSubspace } from "./stiefel.js";

/** What the closed form needs of one model. */
export interface CodeAndNoise {
  /** `[group, dModel]`, centred group means in normalised coordinates. */
  readonly code: Matrix;
  /** `[item, dModel]`, within-group residuals; row i is the same item in both models. */
  readonly residuals: Matrix;
}

/** Singular values below this share of the largest are rounding, not code. */
const CODE_RANK = 1e-6;
/** Share of the largest diagonal element of R above which a row clearly adds a direction. */
const CLEARLY = Math.sqrt(CODE_RANK);
/** Rounds of subspace iteration for residual directions; a start needs no more digits than training gives. */
const ROUNDS = 16;

/** Code and residuals of the `train` items of one model. */
export function codeAndNoise(
  normalised: Matrix,
  train: Int32Array,
  grouping: Grouping,
): CodeAndNoise {
  const groups = groupMeans(normalised, train, grouping);
  return {
    code: codeOf(groups, grouping),
    residuals: residualsOf(normalised, train, { means: groups.means, grouping }),
  };
}

/** Number of directions that the code spans. */
function codeRank({ code }: CodeAndNoise): number {
  return rankOf(svd(code).s, CODE_RANK);
}

/**
 * Paired subspaces of two models, `[k, dA]` and `[k, dB]`.
 *
 * @throws {@link PlanError} when k is larger than a width.
 */
export function pairSubspaces(
  a: CodeAndNoise,
  b: CodeAndNoise,
  { k, random }: { k: number; random: Stream },
): readonly [Matrix, Matrix] {
  assertFits(k, a.code.cols);
  assertFits(k, b.code.cols);
  const [codeA, codeB] = pairedDirections(a.code, b.code, k);
  if (codeA.rows === k) return [codeA, codeB];
  return extendPair([codeA, codeB], [a.residuals, b.residuals], { k, random });
}

/**
 * Subspace of one model alone, `[k, d]`.
 *
 * @throws {@link PlanError} when k is larger than the width.
 */
export function ownSubspace(
  own: CodeAndNoise,
  { k, random }: { k: number; random: Stream },
): Matrix {
  const [subspace] = pairSubspaces(own, own, { k, random });
  return subspace;
}

/**
 * The subspace of `other` that carries what `subspace` carries in the reference model: the polar factor of
 * `(M_ref Pᵀ)ᵀ M_other`. Undefined where `other` has no code at all.
 */
export function alignTo(
  { subspace, reference }: { subspace: Matrix; reference: CodeAndNoise },
  other: CodeAndNoise,
  random: Stream,
): Matrix | undefined {
  assertFits(subspace.rows, other.code.cols);
  if (codeRank(other) === 0) return undefined;
  const cross = transposedMultiply(multiplyTransposed(reference.code, subspace), other.code);
  const { u, s, v } = svd(cross);
  const rank = rankOf(s, CODE_RANK);
  // directions that the code leaves open are any orthonormal ones: they carry nothing in `other`
  const rows = completeRows(leading(v, rank), subspace.rows, random);
  const gauge = completeRows(leading(u, rank), subspace.rows, random);
  return multiply(transpose(gauge), rows);
}

/** Left and right singular directions of `aᵀ b` as orthonormal rows, at most k and at most its rank. */
function pairedDirections(a: Matrix, b: Matrix, k: number): [Matrix, Matrix] {
  const left = svd(a);
  const right = svd(b);
  const core = svd(multiply(weighted(left), transpose(weighted(right))));
  // aᵀ b = V_a [S_a U_aᵀ U_b S_b] V_bᵀ: only the small middle needs a second decomposition
  const noise = CODE_RANK ** 2 * f64(left.s, 0) * f64(right.s, 0);
  const rank = core.s.filter((value) => value > noise).length;
  const count = Math.min(k, rank);
  return [
    orthonormal(multiply(leading(core.u, count), transpose(left.v))),
    orthonormal(multiply(leading(core.v, count), transpose(right.v))),
  ];
}

/** `(U diag s)ᵀ`, `[r, rows]`. */
function weighted({ u, s }: { u: Matrix; s: Float64Array }): Matrix {
  return matrix(
    u.cols,
    u.rows,
    transpose(u).data.map((x, i) => x * f64(s, Math.floor(i / u.rows))),
  );
}

/** The first `count` columns of `q` as rows. */
function leading(q: Matrix, count: number): Matrix {
  return takeRows(transpose(q), Array(count).keys());
}

/** Removes rounding from rows that are orthonormal up to rounding; signs stay. */
function orthonormal(rows: Matrix): Matrix {
  return rows.rows === 0 ? rows : qrOfRows(rows).q;
}

/** Extends paired code directions to k rows by the leading singular directions of the paired residuals. */
function extendPair(
  [codeA, codeB]: readonly [Matrix, Matrix],
  [residualsA, residualsB]: readonly [Matrix, Matrix],
  { k, random }: { k: number; random: Stream },
): readonly [Matrix, Matrix] {
  const restA = copy(residualsA);
  const restB = copy(residualsB);
  projectOut(restA, codeA);
  projectOut(restB, codeB);
  const [extraA, extraB] = iterate(restA, restB, { count: k - codeA.rows, random });
  return [
    completeRows(stack(codeA, extraA), k, random),
    completeRows(stack(codeB, extraB), k, random),
  ];
}

/** Leading singular directions of `aᵀ b` by subspace iteration, fewer than `count` where its rank is lower. */
function iterate(
  a: Matrix,
  b: Matrix,
  { count, random }: { count: number; random: Stream },
): readonly [Matrix, Matrix] {
  let right = randomSubspace(count, b.cols, random);
  let image = matrix(0, a.cols);
  for (let round = 0; round < ROUNDS; round++) {
    image = independentRows(crossRows(right, b, a));
    if (image.rows === 0) return [matrix(0, a.cols), matrix(0, b.cols)];
    right = independentRows(crossRows(image, a, b));
    if (right.rows === 0) return [matrix(0, a.cols), matrix(0, b.cols)];
  }
  // rotate both bases so that row j of one belongs to row j of the other
  const { u, v } = svd(multiplyTransposed(crossRows(image, a, b), right));
  return [multiply(transpose(u), image), multiply(transpose(v), right)];
}

/** `rows · fromᵀ · to`: carries directions of one model to the other through their paired residuals. */
function crossRows(rows: Matrix, from: Matrix, to: Matrix): Matrix {
  return multiply(multiplyTransposed(rows, from), to);
}

/** Orthonormal basis of the row space. */
function independentRows(a: Matrix): Matrix {
  const { q, diagonal } = factorRows(a);
  // rows far from dependent need no singular values; with the others these tell how many directions there are
  if (Math.min(...diagonal) > CLEARLY * Math.max(...diagonal)) return q;
  const { s, v } = svd(a);
  return leading(v, rankOf(s, CODE_RANK));
}

/** Adds random directions until there are k orthonormal rows (where code and residuals together span fewer). */
function completeRows(rows: Matrix, k: number, random: Stream): Matrix {
  if (rows.rows === k) return orthonormal(rows);
  const fill = randomSubspace(k - rows.rows, rows.cols, random);
  return qrOfRows(stack(rows, fill)).q;
}

/** @throws {@link PlanError} when k is larger than a width d. */
export function assertFits(k: number, d: number): void {
  if (k <= d) return;
  throw new PlanError(`k = ${k} is larger than the width ${d} of a model`, {
    code: "K_TOO_LARGE",
    expected: `k from 1 to ${d}`,
    found: String(k),
    hint: "choose a smaller --k, or none: the default fits every model",
  });
}
