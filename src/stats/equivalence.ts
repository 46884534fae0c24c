/**
 * @file "No difference" as a claim with a test of its own: two rates on the same trials differ by less than a margin.
 * A difference test that finds nothing is no such claim. Trials are taken as independent.
 */
import { invariant } from "../errors.js";
import { normalCdf } from "./normal.js";
import { pairedDifferenceInterval, pairedScore } from "./paired-score.js";
import { countDiscordance, type PairedRows } from "./pairs.js";

/** What is small enough, and how sure. */
export interface Margin {
  /** Share, 0 to 1 exclusive; differences of this size and more matter. */
  readonly margin: number;
  /** Share; 1 − confidence is the level of the claim. */
  readonly confidence: number;
}

/** Outcome of {@link testEquivalence}, or the reason why there is none. */
export type Equivalence =
  | {
      readonly kind: "value";
      /** Rate of a minus rate of b. */
      readonly difference: number;
      /** Both ends one-sided at the confidence asked for: together 2·confidence − 1. */
      readonly low: number;
      readonly high: number;
      /** Claim: the difference is above −margin (a is not inferior to b). */
      readonly pLower: number;
      /** Claim: the difference is below the margin (a is not superior to b). */
      readonly pUpper: number;
      /** Claim of both. */
      readonly p: number;
      readonly isEquivalent: boolean;
      /** a is not inferior to b: the half of the claim that most gates need. */
      readonly isNonInferior: boolean;
      readonly n: number;
    }
  | { readonly kind: "undefined"; readonly reason: string };

/**
 * Tests whether two rates on the same trials differ by less than a margin.
 *
 * Method: two one-sided score tests at ±margin ({@link pairedScore}); p is the larger. Equivalence is claimed exactly
 * where both ends of the interval lie within ±margin.
 * Source: Schuirmann, D. J. (1987), J. Pharmacokinet. Biopharm. 15, 657–680; Tango (1998) for the score.
 *
 * @throws {@link InvariantError} when the rows differ in length or hold anything but 0 and 1, the margin is not in
 *   (0, 1) or confidence is not in (.5, 1).
 */
export function testEquivalence(rows: PairedRows, { margin, confidence }: Margin): Equivalence {
  invariant(margin > 0 && margin < 1, `margin ${margin}: expected 0 to 1`);
  const counts = countDiscordance(rows);
  const interval = pairedDifferenceInterval(counts, confidence);
  if (interval.kind === "undefined") return interval;
  const pLower = normalCdf(-pairedScore(counts, -margin));
  const pUpper = normalCdf(pairedScore(counts, margin));
  const p = Math.max(pLower, pUpper);
  return {
    kind: "value",
    difference: (counts.onlyA - counts.onlyB) / counts.n,
    low: interval.low,
    high: interval.high,
    ...{ pLower, pUpper, p },
    isEquivalent: p < 1 - confidence,
    isNonInferior: pLower < 1 - confidence,
    n: counts.n,
  };
}
