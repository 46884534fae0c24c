/**
 * @file Intervals of one rate.
 */
import { invariant } from "../errors.js";
import { normalQuantile } from "./normal.js";

/** Successes among trials. */
export interface Tally {
  readonly hits: number;
  readonly n: number;
}

/** Two ends, or the reason why there are none. */
export type Interval =
  | { readonly kind: "value"; readonly low: number; readonly high: number }
  | { readonly kind: "undefined"; readonly reason: string };

/**
 * Checks that a tally can be.
 *
 * @throws {@link InvariantError} unless both are whole numbers with 0 ≤ hits ≤ n.
 */
export function checkTally({ hits, n }: Tally): void {
  const isTally = Number.isInteger(hits) && Number.isInteger(n) && hits >= 0 && hits <= n;
  invariant(isTally, `${hits} hits of ${n} trials: expected whole numbers with 0 ≤ hits ≤ n`);
}

/**
 * Finds Wilson's score interval of a rate, two-sided, ends in 0 to 1.
 *
 * Source: Wilson, E. B. (1927), J. Am. Stat. Assoc. 22, 209–212; no continuity correction.
 *
 * @param confidence - share, for example .95.
 * @throws {@link InvariantError} when the tally is impossible or confidence is not in (0, 1).
 */
export function wilson(tally: Tally, confidence: number): Interval {
  checkTally(tally);
  const { hits, n } = tally;
  if (n === 0) return { kind: "undefined", reason: "no trials" };
  const z = normalQuantile((1 + confidence) / 2);
  const share = hits / n;
  const scale = 1 + (z * z) / n;
  const centre = (share + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  // at 0 and n hits the formula gives these ends exactly, but for rounding
  return {
    kind: "value",
    low: hits === 0 ? 0 : centre - half,
    high: hits === n ? 1 : centre + half,
  };
}
