/** @file Kendall's τ-b by Knight's algorithm (1966): n log n, ties in either variable allowed. */
import { f64 } from "../numeric/vector.js";

/** τ-b of paired values, −1 to 1; `undefined` where one of them is constant. */
export function kendallTauB(x: Float64Array, y: Float64Array): number | undefined {
  const n = x.length;
  const order = Uint32Array.from(x, (_, i) => i).sort(
    (a, b) => f64(x, a) - f64(x, b) || f64(y, a) - f64(y, b),
  );
  const sortedX = Float64Array.from(order, (i) => f64(x, i));
  const sortedY = Float64Array.from(order, (i) => f64(y, i));
  const tiedX = tiedPairs(sortedX, () => true);
  const tiedBoth = tiedPairs(sortedX, (i) => f64(sortedY, i) === f64(sortedY, i - 1));
  const discordant = sortCountingSwaps(sortedY); // leaves sortedY ascending
  const tiedY = tiedPairs(sortedY, () => true);
  const all = (n * (n - 1)) / 2;
  const size = Math.sqrt((all - tiedX) * (all - tiedY));
  return size > 0 ? (all - tiedX - tiedY + tiedBoth - 2 * discordant) / size : undefined;
}

/** Pairs within runs of equal sorted values, where `also` says that i still belongs with i − 1. */
function tiedPairs(sorted: Float64Array, also: (i: number) => boolean): number {
  let [pairs, run] = [0, 0];
  for (let i = 1; i < sorted.length; i++) {
    run = f64(sorted, i) === f64(sorted, i - 1) && also(i) ? run + 1 : 0;
    pairs += run; // the i-th of a run forms as many pairs as stand before it
  }
  return pairs;
}

/** Merge sort in place; returns how many pairs stood in the wrong order. */
function sortCountingSwaps(values: Float64Array): number {
  let swaps = 0;
  let from: Float64Array = values;
  let into: Float64Array = new Float64Array(values.length);
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      swaps += merge(from, into, { start, width });
    }
    [from, into] = [into, from];
  }
  if (from !== values) values.set(from);
  return swaps;
}

function merge(
  from: Float64Array,
  into: Float64Array,
  { start, width }: { readonly start: number; readonly width: number },
): number {
  const middle = Math.min(from.length, start + width);
  const end = Math.min(from.length, start + 2 * width);
  let [left, right, swaps] = [start, middle, 0];
  for (let at = start; at < end; at++) {
    if (left < middle && (right >= end || f64(from, left) <= f64(from, right))) {
      into[at] = f64(from, left++);
    } else {
      into[at] = f64(from, right++);
      swaps += middle - left;
    }
  }
  return swaps;
}
