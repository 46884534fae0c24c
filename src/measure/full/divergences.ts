/** @file Divergences of trials as figures: their mean, and how much of the floor a swap removes. */
import { invariant } from "../../errors.js";
import { sum } from "../../numeric/vector.js";
import { normalQuantile } from "../../stats/normal.js";
import type { Figure } from "../measures.js";

/** Confidence of the intervals, share. */
const CONFIDENCE = 0.95;

/** Mean of divergences, nats. @throws {@link InvariantError} for fewer than two. */
export function meanNats(nats: readonly number[]): Figure {
  const n = nats.length;
  invariant(n > 1, `mean of ${n} divergences`);
  const value = sum(nats) / n;
  return figure(value, spread(nats.map((x) => x - value)), n);
}

/**
 * Share of the floor that a swap removes, 1 − Σ swapped / Σ floor, over the same trials: 1 = the target says what it would
 * have said, 0 = nothing was gained, below 0 = worse than leaving it alone.
 *
 * Method: a ratio of means; with r = Σ swapped / Σ floor its residuals swapped − r · floor have mean 0, and their spread over
 * the mean floor is the standard error (delta method).
 */
export function removedShare(swapped: readonly number[], floor: readonly number[]): Figure {
  const n = floor.length;
  invariant(n > 1 && swapped.length === n, `${swapped.length} divergences for ${n} floors`);
  const mean = sum(floor) / n;
  const ratio = sum(swapped) / sum(floor);
  const residuals = swapped.map((x, i) => (x - ratio * (floor[i] ?? NaN)) / mean);
  return figure(1 - ratio, spread(residuals), n);
}

/** Standard error of the mean of numbers whose mean is 0. */
function spread(residuals: readonly number[]): number {
  const n = residuals.length;
  return Math.sqrt(sum(residuals.map((x) => x * x)) / (n - 1) / n);
}

function figure(value: number, standardError: number, n: number): Figure {
  const half = normalQuantile((1 + CONFIDENCE) / 2) * standardError;
  return { value, interval: [value - half, value + half], n };
}
