/**
 * @file Mutual nearest neighbours (Huh et al. 2024): of the k items nearest to an item in one model, how many are among
 * the k nearest in the other. Looks at the small distances only, where CKA looks at the large ones.
 */
import { invariant } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";
import { varies } from "./centred.js";
import { squaredDistances, type Gram } from "./kernel-matrix.js";

/** A share with what chance alone gives. */
export interface NeighbourShare {
  /** Mean share of common neighbours, 0 to 1. */
  readonly value: number;
  /** k / (n − 1): its mean for unrelated states. */
  readonly chance: number;
  readonly k: number;
}

/** Neighbours per item, unless said otherwise. */
export const NEIGHBOURS = 10;

/** Name of the measure, as every output spells it. */
export function neighboursName(k = NEIGHBOURS): string {
  return `mutual nearest neighbours, k = ${k}, Euclidean distance`;
}

/**
 * Mean share of common nearest neighbours of `x` `[item, d₁]` and `y` `[item, d₂]`.
 *
 * @returns `undefined` where states do not vary, or there are no more than k other items.
 */
export function mutualNeighbours(
  x: Matrix,
  y: Matrix,
  { k = NEIGHBOURS, gram }: { readonly k?: number; readonly gram?: Gram } = {},
): NeighbourShare | undefined {
  invariant(x.rows === y.rows, `neighbours among ${x.rows} and ${y.rows} items`);
  if (x.rows < k + 2 || !varies(x) || !varies(y)) return undefined;
  return commonNeighbours(
    nearest(squaredDistances(x, gram), k),
    nearest(squaredDistances(y, gram), k),
    k,
  );
}

/** Compares two lists of neighbours as {@link nearest} gives them. */
export function commonNeighbours(a: Int32Array, b: Int32Array, k: number): NeighbourShare {
  const n = a.length / k;
  let common = 0;
  for (let i = 0; i < n; i++) {
    const known = new Set(a.subarray(i * k, (i + 1) * k));
    for (const item of b.subarray(i * k, (i + 1) * k)) if (known.has(item)) common++;
  }
  return { value: common / a.length, chance: k / (n - 1), k };
}

/** `[item, k]`: the nearest others of each item by `distances` `[item, item]`; of equals the earlier one. */
export function nearest(distances: Matrix, k: number): Int32Array {
  const n = distances.rows;
  const out = new Int32Array(n * k);
  for (let i = 0; i < n; i++) {
    const own = distances.data.subarray(i * n, (i + 1) * n);
    const found: number[] = []; // ascending by distance
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      const farthest = found[k - 1];
      if (farthest !== undefined && f64(own, j) >= f64(own, farthest)) continue;
      let at = found.length;
      while (at > 0 && f64(own, found[at - 1] ?? 0) > f64(own, j)) at--;
      found.splice(at, 0, j);
      if (found.length > k) found.pop();
    }
    out.set(found, i * k);
  }
  return out;
}
