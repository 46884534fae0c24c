/**
 * @file How much of one effect another reaches, on the same trials: a ratio of two differences of paired rates.
 */
import { invariant } from "../errors.js";
import { outcomes } from "./hits.js";
import { normalCdf, normalQuantile } from "./normal.js";

/** What {@link pairedRatio} compares; all rows are outcomes of the same trials in the same order. */
export interface PairedRates {
  readonly cross: string;
  readonly within: string;
  /** A paired row of outcomes of a control, or a constant share that is known without error. */
  readonly null: string | number;
}

/** An estimated ratio, or the reason why there is none. */
export type PairedRatio =
  | {
      readonly kind: "value";
      readonly value: number;
      /** Each end is one-sided at the confidence asked for. */
      readonly low: number;
      readonly high: number;
      readonly standardError: number;
      readonly n: number;
    }
  | { readonly kind: "undefined"; readonly reason: string };

/** Effects over the null, `[trial]` each. */
interface Effects {
  /** Cross minus null, per trial. */
  readonly cross: readonly number[];
  /** Within minus null, per trial. */
  readonly within: readonly number[];
}

/**
 * Subtracts the null from both rows, trial by trial.
 *
 * @throws {@link InvariantError} when the rows differ in length or hold anything but 0 and 1.
 */
export function pairEffects(rates: PairedRates): Effects {
  const cross = outcomes(rates.cross);
  const within = outcomes(rates.within);
  const nulls =
    typeof rates.null === "string" ? outcomes(rates.null) : cross.map(() => Number(rates.null));
  invariant(
    cross.length === within.length && cross.length === nulls.length,
    `paired rows of ${cross.length}, ${within.length} and ${nulls.length} trials`,
  );
  const overNull = (row: readonly number[]): number[] => row.map((hit, i) => hit - (nulls[i] ?? 0));
  return { cross: overNull(cross), within: overNull(within) };
}

/** Sums of a few thousand numbers below 2 in size: plain summation errs by less than 1e-12. */
function mean(row: readonly number[]): number {
  return row.reduce((sum, x) => sum + x, 0) / row.length;
}

/**
 * Estimates (cross − null) / (within − null) with the interval of the paired delta method.
 *
 * Method: with x = cross − null and y = within − null per trial and r = x̄/ȳ, the residuals e = x − r·y have mean 0
 * and se² = Σe² / ((n − 1)·n) / ȳ². A null given as outcomes is a paired rate and adds its own variance; a constant
 * adds none. se is at least 1/(n·ȳ), the effect of one trial: rows that agree everywhere are not certainty.
 * Derived in this file; coverage is tested in `test/stats/ratio.test.ts`.
 *
 * @param confidence - share; each end alone holds with it.
 * @throws {@link InvariantError} when the rows differ in length or hold anything but 0 and 1.
 */
export function pairedRatio(rates: PairedRates, confidence: number): PairedRatio {
  const { cross, within } = pairEffects(rates);
  const n = cross.length;
  if (n < 2) return { kind: "undefined", reason: `${n} trials: the spread of a ratio needs 2` };
  const ceiling = mean(within);
  if (ceiling <= 0) {
    return { kind: "undefined", reason: "the target's own effect is not above its null" };
  }
  const value = mean(cross) / ceiling;
  const squares = cross.map((x, i) => (x - value * (within[i] ?? 0)) ** 2);
  const spread = Math.sqrt(mean(squares) / (n - 1)) / ceiling;
  const standardError = Math.max(spread, 1 / (n * ceiling));
  const reach = normalQuantile(confidence) * standardError;
  return { kind: "value", value, low: value - reach, high: value + reach, standardError, n };
}

/**
 * P-value of the claim that the true ratio lies below `threshold` (one-sided z; null hypothesis: it does not).
 * It is below 1 − confidence exactly where the upper end of {@link pairedRatio} is below the threshold.
 */
export function pValueBelow(
  ratio: Extract<PairedRatio, { kind: "value" }>,
  threshold: number,
): number {
  return normalCdf((ratio.value - threshold) / ratio.standardError);
}
