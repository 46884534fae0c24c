/** @file Ranks with ties shared. */
import { f64 } from "../numeric/vector.js";

/**
 * Ranks of `values` from 1 on, ascending; equal values share the mean of their ranks. The sorted values are looked up
 * for each value: plain numbers sort several times faster than indices by a comparison of our own.
 */
export function averageRanks(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  return values.map((value) => {
    const below = countBefore(sorted, (other) => other < value);
    // most values stand alone
    const upTo =
      sorted[below + 1] === value ? countBefore(sorted, (other) => other <= value) : below + 1;
    return (below + 1 + upTo) / 2;
  });
}

/** How many sorted values stand before the first that does not hold. */
function countBefore(sorted: Float64Array, holds: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(f64(sorted, middle))) low = middle + 1;
    else high = middle;
  }
  return low;
}
