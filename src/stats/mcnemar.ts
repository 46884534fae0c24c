/**
 * @file Is one rate above another on the same trials? McNemar's exact test.
 * It takes the trials as independent; where several share an item, see `bootstrap.ts`.
 */
import { upperTail } from "./binomial.js";
import { countDiscordance, type Discordance } from "./pairs.js";

/** Outcome of {@link mcnemar}. */
export interface McNemar extends Discordance {
  /** Two-sided: the rates differ. */
  readonly p: number;
  /** One-sided: the rate of `a` is above that of `b`. */
  readonly pAbove: number;
  /** One-sided: the rate of `a` is below that of `b`. */
  readonly pBelow: number;
}

/**
 * Tests two rows of outcomes of the same trials for equal rates.
 *
 * Method: given that the rows disagree, each is the hit with chance ½; exact binomial tails, the two-sided p is twice
 * the smaller one, at most 1. Rows that never disagree give 1.
 * Source: McNemar, Q. (1947), Psychometrika 12, 153–157; exact form as in statsmodels and R's `exact2x2`.
 *
 * @throws {@link InvariantError} when the rows differ in length or hold anything but 0 and 1.
 */
export function mcnemar(a: string, b: string): McNemar {
  const counts = countDiscordance({ a, b });
  const fair = { n: counts.onlyA + counts.onlyB, p: 0.5 };
  const pAbove = upperTail(counts.onlyA, fair);
  const pBelow = upperTail(counts.onlyB, fair);
  return { ...counts, p: Math.min(1, 2 * Math.min(pAbove, pBelow)), pAbove, pBelow };
}
