/**
 * @file Ledoit–Wolf covariance of within-group residuals, with its inverse in low-rank form:
 * `Σ = (1 − ρ) S + ρ m I`, `S = XᵀX / n`, `m = tr S / d`.
 *
 * With few hundred residuals in a thousand dimensions a ridge guards badly and leading components not at all
 * (steering lives outside them); shrinkage to the identity keeps every direction.
 * Source: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004.
 */
import { NumericsError } from "../errors.js";
import { cholesky, solveLower } from "../numeric/cholesky.js";
import {
  copy,
  gram,
  matrix,
  multiply,
  multiplyTransposed,
  row,
  rowBlocks,
  rowRange,
  squaredNorm,
  transpose,
  type Matrix,
} from "../numeric/matrix.js";
import { f64, scale, sum } from "../numeric/vector.js";

/** The inverse of a shrunk covariance: `Σ⁻¹ = (I − WᵀW) / floor`. */
export interface Precision {
  readonly dModel: number;
  /** ρ, share of the identity in Σ, 0 to 1. */
  readonly shrinkage: number;
  /** ρ m: variance of Σ in every direction that the residuals do not reach. */
  readonly floor: number;
  /** W, `[rank, dModel]`; no rows where Σ is a multiple of the identity. */
  readonly factor: Matrix;
  /** Σ⁻¹ applied to each row: `[row, dModel]` → `[row, dModel]`; O(n d) each. */
  apply(rows: Matrix): Matrix;
}

/**
 * Fits Σ to residuals `[n, d]` (group mean already removed).
 *
 * @throws {@link NumericsError} when the residuals have no variance.
 */
export function fitPrecision(residuals: Matrix): Precision {
  const { rows: n, cols: d } = residuals;
  const inner = gram(residuals);
  const { shrinkage, mean } = ledoitWolf(inner, d);
  if (!(mean > 0)) throw noVariance(n);
  const floor = shrinkage * mean;
  if (shrinkage === 1) return lowRankPrecision(matrix(0, d), { shrinkage, floor });
  // Woodbury with X (n × d): Σ⁻¹ = (I − Xᵀ (c I + X Xᵀ)⁻¹ X) / floor, c = n floor / (1 − ρ); for n > d any
  // X with the same XᵀX serves, and the transposed Cholesky factor of XᵀX is the small one
  const x = n > d ? smallFactor(residuals, floor) : residuals;
  const c = (n * floor) / (1 - shrinkage);
  const system = n > d ? gram(x) : inner;
  for (let i = 0; i < x.rows; i++) {
    system.data[i * x.rows + i] = f64(system.data, i * x.rows + i) + c;
  }
  const w = solveLower(cholesky(system), x);
  return lowRankPrecision(w, { shrinkage, floor });
}

/** ρ and m from the Gram matrix `X Xᵀ` of n residuals in d dimensions; needs no d × d matrix. */
function ledoitWolf(inner: Matrix, d: number): { shrinkage: number; mean: number } {
  const n = inner.rows;
  const squares = Array.from({ length: n }, (_, i) => f64(inner.data, i * n + i));
  const mean = sum(squares) / n / d;
  const frobenius = squaredNorm(inner) / n ** 2; // ‖S‖²
  const spread = frobenius / d - mean ** 2; // ‖S − m I‖² / d
  const noise = (sum(squares.map((x) => x ** 2)) - n * frobenius) / n ** 2 / d;
  // spread is 0 when S is already m I: then any ρ gives the same Σ
  return { shrinkage: spread > noise ? Math.max(noise, 0) / spread : 1, mean };
}

/** A `[d, d]` matrix Y with `YᵀY = XᵀX` up to 1e-12 of the floor (keeps the factorisation of a singular S alive). */
function smallFactor(x: Matrix, floor: number): Matrix {
  const scatter = gram(transpose(x));
  for (let i = 0; i < scatter.rows; i++) {
    const at = i * scatter.rows + i;
    scatter.data[at] = f64(scatter.data, at) + 1e-12 * floor * x.rows;
  }
  return transpose(cholesky(scatter));
}

/** Rows that are worked out together: their products with W stay small. */
const BLOCK = 256;

/** `(v − Wᵀ W v) / floor` for each row v. */
function applyLowRank(w: Matrix, rows: Matrix, floor: number): Matrix {
  const out = copy(rows);
  for (const [first, last] of rowBlocks(rows.rows, BLOCK)) {
    const amounts = multiplyTransposed(rowRange(rows, first, last), w);
    scale(-1, row(amounts, 0), amounts.data.length);
    multiply(amounts, w, rowRange(out, first, last));
  }
  scale(1 / floor, row(out, 0), out.data.length);
  return out;
}

function lowRankPrecision(
  w: Matrix,
  { shrinkage, floor }: { shrinkage: number; floor: number },
): Precision {
  const apply = (rows: Matrix): Matrix => applyLowRank(w, rows, floor);
  return { dModel: w.cols, shrinkage, floor, factor: w, apply };
}

function noVariance(n: number): NumericsError {
  return new NumericsError("natural states of one group do not vary, so naturalness has no unit", {
    code: "NO_NATURAL_VARIANCE",
    expected: "within each group, states that differ",
    found: `${n} distinct states without variance within their groups`,
    hint: "give the audit several different items per answer (other words, other sentences)",
  });
}
