/**
 * @file Two rates on different trials: their difference, and whether they differ at all.
 */
import { invariant } from "../errors.js";
import { binomialMass } from "./binomial.js";
import { checkTally, wilson, type Interval, type Tally } from "./intervals.js";

/** Two tallies of trials that have nothing to do with each other. */
export interface TwoTallies {
  readonly a: Tally;
  readonly b: Tally;
}

/** Tables as likely as the one that was seen, but for rounding, count as such; as in R. */
const SAME_CHANCE = 1 + 1e-7;

/**
 * Finds an interval of the difference of two rates (a − b), each end one-sided at `confidence`.
 *
 * Method: the distances of each rate to the ends of its own Wilson interval, joined as independent errors.
 * Source: Newcombe, R. G. (1998), Stat. Med. 17, 873–890, method 10.
 *
 * @param confidence - share, for example .95; both ends together hold with 2·confidence − 1.
 * @throws {@link InvariantError} when a tally is impossible or confidence is not in (.5, 1).
 */
export function unpairedDifferenceInterval({ a, b }: TwoTallies, confidence: number): Interval {
  invariant(confidence > 0.5 && confidence < 1, `confidence ${confidence}: expected .5 to 1`);
  const ofA = wilson(a, 2 * confidence - 1);
  const ofB = wilson(b, 2 * confidence - 1);
  if (ofA.kind === "undefined") return ofA;
  if (ofB.kind === "undefined") return ofB;
  const [rateA, rateB] = [a.hits / a.n, b.hits / b.n];
  const difference = rateA - rateB;
  return {
    kind: "value",
    low: difference - Math.hypot(rateA - ofA.low, ofB.high - rateB),
    high: difference + Math.hypot(ofA.high - rateA, rateB - ofB.low),
  };
}

/**
 * Tests whether two rates differ by Fisher's exact test, two-sided: the chance of all tables with the same margins that
 * are no likelier than the one seen. Without trials on a side it is 1.
 *
 * Source: Fisher, R. A. (1935), J. R. Stat. Soc. 98, 39–54; two-sided as in R's `fisher.test`.
 *
 * @throws {@link InvariantError} when a tally is impossible.
 */
export function fisherExact({ a, b }: TwoTallies): number {
  checkTally(a);
  checkTally(b);
  const hits = a.hits + b.hits;
  if (a.n === 0 || b.n === 0 || hits === 0 || hits === a.n + b.n) return 1;
  // hypergeometric masses as products of binomial ones: any chance p gives the same, this one without underflow
  const p = hits / (a.n + b.n);
  const all = binomialMass(hits, { n: a.n + b.n, p });
  const mass = (k: number): number =>
    (binomialMass(k, { n: a.n, p }) * binomialMass(hits - k, { n: b.n, p })) / all;
  const seen = mass(a.hits) * SAME_CHANCE;
  let sum = 0;
  for (let k = Math.max(0, hits - b.n); k <= Math.min(a.n, hits); k++) {
    const each = mass(k);
    if (each <= seen) sum += each;
  }
  return Math.min(1, sum);
}
