/**
 * @file The difference of two rates on the same trials, by its score: keeps its level where disagreement is rare, and
 * rows that agree everywhere are not certainty.
 */
import { invariant } from "../errors.js";
import { bisect } from "./bisection.js";
import type { Interval } from "./intervals.js";
import { normalQuantile } from "./normal.js";
import type { Discordance } from "./pairs.js";

/**
 * Standardises the distance of the observed difference (a − b) from `difference`, −1 to 1 exclusive: standard normal
 * where that is the truth.
 *
 * Method: (d̂ − d) / √((2·q + d − d²)/n) where q, the share that only b hits, is at its maximum likelihood given d:
 * the larger root of 2n·q² + (d·(2n − onlyA + onlyB) − onlyA − onlyB)·q − onlyB·d·(1 − d).
 * Source: Tango, T. (1998), Stat. Med. 17, 891–908.
 *
 * @throws {@link InvariantError} without trials or when `difference` is not in (−1, 1).
 */
export function pairedScore({ onlyA, onlyB, n }: Discordance, difference: number): number {
  invariant(n > 0, "score of a difference of no trials");
  invariant(Math.abs(difference) < 1, `score of a difference of ${difference}`);
  // with the rows the other way round every term below is positive, and nothing cancels
  if (difference < 0) return -pairedScore({ onlyA: onlyB, onlyB: onlyA, n }, -difference);
  const missing = onlyA - onlyB - n * difference;
  // before any division: a difference met exactly has score 0, also where nothing is left to vary
  if (missing === 0) return 0;
  const linear = difference * (2 * n - onlyA + onlyB) - onlyA - onlyB;
  const constant = onlyB * difference * (1 - difference);
  const root = Math.hypot(linear, Math.sqrt(8 * n * constant));
  // the form without cancellation for each sign of the linear term
  const share = linear <= 0 ? (root - linear) / (4 * n) : (2 * constant) / (root + linear);
  return missing / Math.sqrt(n * (2 * share + difference * (1 - difference)));
}

/**
 * Finds the differences (a − b) that the score does not exclude; each end is one-sided at `confidence`.
 *
 * @param confidence - share, for example .95; both ends together hold with 2·confidence − 1.
 * @throws {@link InvariantError} when confidence is not in (.5, 1).
 */
export function pairedDifferenceInterval(counts: Discordance, confidence: number): Interval {
  invariant(confidence > 0.5 && confidence < 1, `confidence ${confidence}: expected .5 to 1`);
  const { onlyA, onlyB, n } = counts;
  if (n === 0) return { kind: "undefined", reason: "no trials" };
  const z = normalQuantile(confidence);
  const observed = (onlyA - onlyB) / n;
  return {
    kind: "value",
    low:
      observed === -1 ? -1 : bisect((d) => pairedScore(counts, d) > z, { from: -1, to: observed }),
    high:
      observed === 1 ? 1 : bisect((d) => pairedScore(counts, d) > -z, { from: observed, to: 1 }),
  };
}
