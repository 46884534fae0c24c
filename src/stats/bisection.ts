/** @file The root of a monotone function by halving: slow, and never wrong by more than the last digit. */
import { invariant } from "../errors.js";

/**
 * Finds where `isBelow` turns from true to false between `from` and `to`, to neighbouring doubles.
 *
 * @throws {@link InvariantError} unless from < to.
 */
export function bisect(
  isBelow: (x: number) => boolean,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  invariant(from < to, `bisect from ${from} to ${to}`);
  let [low, high] = [from, to];
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return low;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
}
