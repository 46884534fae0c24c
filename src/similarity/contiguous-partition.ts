/** @file The best partitions of a sequence into runs of neighbours, by dynamic programming (Fisher 1958). */
import { invariant } from "../errors.js";
import { matrix, type Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";

/** One partition. */
export interface Partition {
  /** Sum over blocks of `Σ d² / size` over pairs within the block: squares about the mean, where d is Euclidean. */
  readonly cost: number;
  /** First and last place of each block, in order. */
  readonly blocks: readonly (readonly [first: number, last: number])[];
}

/** Most blocks that are tried. */
export const MOST_BLOCKS = 8;

/** `distances` squared. */
export function squaresOf(distances: Matrix): Matrix {
  return { ...distances, data: distances.data.map((value) => value * value) };
}

/**
 * The partitions of least cost into 1, 2, … blocks, at most 8 and at most half as many as places.
 *
 * @param squares - `[place, place]`, symmetric: squared distances.
 * @throws {@link InvariantError} without places.
 */
export function partitions(squares: Matrix): readonly Partition[] {
  const m = squares.rows;
  invariant(m > 0, "a partition of nothing");
  const most = Math.max(1, Math.min(MOST_BLOCKS, Math.floor(m / 2)));
  const cost = blockCosts(squares);
  // [blocks − 1, last place]: least cost of places 0 … last, and where the last block begins
  const least = matrix(most, m);
  const begin = new Int32Array(most * m);
  for (let last = 0; last < m; last++) least.data[last] = f64(cost.data, last);
  for (let k = 1; k < most; k++) {
    for (let last = 0; last < m; last++) {
      let best = Infinity;
      for (let first = k; first <= last; first++) {
        const own = f64(least.data, (k - 1) * m + first - 1) + f64(cost.data, first * m + last);
        if (own >= best) continue;
        best = own;
        begin[k * m + last] = first;
      }
      least.data[k * m + last] = best;
    }
  }
  return Array.from({ length: most }, (_, k) => ({
    cost: f64(least.data, k * m + m - 1),
    blocks: blocksOf(begin, m, k),
  }));
}

function blocksOf(begin: Int32Array, m: number, k: number): (readonly [number, number])[] {
  const out: (readonly [number, number])[] = [];
  let last = m - 1;
  for (let own = k; own >= 0; own--) {
    const first = begin[own * m + last] ?? 0;
    out.unshift([first, last]);
    last = first - 1;
  }
  return out;
}

/** `[first, last]`: the cost of one block. */
function blockCosts({ rows: m, data }: Matrix): Matrix {
  const out = matrix(m, m);
  for (let first = 0; first < m; first++) {
    let total = 0;
    for (let last = first + 1; last < m; last++) {
      for (let i = first; i < last; i++) total += f64(data, i * m + last);
      out.data[first * m + last] = total / (last - first + 1);
    }
  }
  return out;
}
