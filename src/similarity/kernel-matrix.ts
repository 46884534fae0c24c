/** @file Kernels between the states of items: `[item, dModel]` → `[item, item]`. */
import { gram as ownGram, matrix, type Matrix } from "../numeric/matrix.js";
import { median } from "../numeric/quantile.js";
import { f64 } from "../numeric/vector.js";
import { centred } from "./centred.js";
import { pairsOf } from "./pair-vector.js";

/** `a aᵀ` of `a` `[item, dModel]`; a caller with a faster product passes its own. */
export type Gram = (a: Matrix) => Matrix;

/** Inner products of the centred states. */
export function linearKernel(states: Matrix, gram: Gram = ownGram): Matrix {
  return gram(centred(states));
}

/** Squared Euclidean distances between states; the centre does not matter, and keeps them exact. */
export function squaredDistances(states: Matrix, gram: Gram = ownGram): Matrix {
  return distancesOf(linearKernel(states, gram));
}

/** Squared distances from inner products: `k_ii + k_jj − 2 k_ij`. */
export function distancesOf(inner: Matrix): Matrix {
  const n = inner.rows;
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) {
    const own = f64(inner.data, i * n + i);
    for (let j = 0; j < i; j++) {
      const both = own + f64(inner.data, j * n + j);
      // rounding may carry the distance of two equal states below 0
      const square = Math.max(0, both - 2 * f64(inner.data, i * n + j));
      out.data[i * n + j] = square;
      out.data[j * n + i] = square;
    }
  }
  return out;
}

/**
 * `exp(−D² / (2 σ²))` with `σ = share × median distance` between different items (Kornblith et al. 2019, 3).
 *
 * @param share - of the median distance; smaller sees only near neighbours.
 */
export function rbfKernel(
  states: Matrix,
  { share = 1, gram = ownGram }: { readonly share?: number; readonly gram?: Gram } = {},
): Matrix {
  const squares = squaredDistances(states, gram);
  const typical = median(pairsOf(squares, Math.sqrt).values);
  const rate = 1 / (2 * (share * typical) ** 2);
  return { ...squares, data: squares.data.map((square) => Math.exp(-rate * square)) };
}
