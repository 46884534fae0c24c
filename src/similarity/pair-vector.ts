/**
 * @file One number per pair of items: all that CKA and RSA see of a set of states. Both then compare two such vectors
 * by their cosine, so that layer × layer tables are one matrix product.
 */
import { invariant } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { dot, f64 } from "../numeric/vector.js";

/** Strict lower triangle of a symmetric `[n, n]` matrix, row by row: pairs (1, 0), (2, 0), (2, 1), (3, 0) … */
export interface PairVector {
  /** Items. */
  readonly n: number;
  /** `[n (n − 1) / 2]`; fewer where only pairs within batches are looked at. */
  readonly values: Float64Array;
}

/** The strict lower triangle of symmetric `a` `[n, n]`, each element through `change`. */
export function pairsOf(
  a: Matrix,
  change: (value: number, i: number, j: number) => number,
): PairVector {
  const n = a.rows;
  const values = new Float64Array((n * (n - 1)) / 2);
  let at = 0;
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) values[at++] = change(f64(a.data, i * n + j), i, j);
  }
  return { n, values };
}

/** `v` about its own mean. */
export function centredPairs({ n, values }: PairVector): PairVector {
  let total = 0;
  for (const value of values) total += value;
  const mean = total / values.length;
  return { n, values: values.map((value) => value - mean) };
}

/**
 * Cosine of two vectors over the same pairs of items, −1 to 1; `undefined` where one of them is zero.
 *
 * @throws {@link InvariantError} for vectors over different numbers of items.
 */
export function pairCosine(a: PairVector, b: PairVector): number | undefined {
  invariant(a.n === b.n, `pairs of ${a.n} and of ${b.n} items`);
  const size = Math.sqrt(inner(a, a) * inner(b, b));
  return size > 0 ? inner(a, b) / size : undefined;
}

function inner(a: PairVector, b: PairVector): number {
  return dot({ data: a.values, offset: 0 }, { data: b.values, offset: 0 }, a.values.length);
}
