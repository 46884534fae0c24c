/**
 * @file The exact interval of one rate: never covers less than it says, at the price of width.
 */
import { invariant } from "../errors.js";
import { lowerTail, upperTail } from "./binomial.js";
import { bisect } from "./bisection.js";
import { checkTally, type Interval, type Tally } from "./intervals.js";

/**
 * Finds Clopper and Pearson's interval of a rate, two-sided, ends in 0 to 1.
 *
 * Method: the low end is the rate at which `hits` or more have probability (1 − confidence)/2, the high end the rate
 * at which `hits` or fewer have it; each by bisection on the binomial tail.
 * Source: Clopper, C. J. & Pearson, E. S. (1934), Biometrika 26, 404–413.
 *
 * @param confidence - share, for example .95.
 * @throws {@link InvariantError} when the tally is impossible or confidence is not in (0, 1).
 */
export function exactInterval(tally: Tally, confidence: number): Interval {
  checkTally(tally);
  invariant(confidence > 0 && confidence < 1, `confidence ${confidence}: expected 0 to 1`);
  const { hits, n } = tally;
  if (n === 0) return { kind: "undefined", reason: "no trials" };
  const level = (1 - confidence) / 2;
  const share = hits / n;
  return {
    kind: "value",
    low: hits === 0 ? 0 : bisect((p) => upperTail(hits, { n, p }) < level, { from: 0, to: share }),
    high: hits === n ? 1 : bisect((p) => lowerTail(hits, { n, p }) > level, { from: share, to: 1 }),
  };
}
