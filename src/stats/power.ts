/**
 * @file How many pairs decide with a stated power, were the rates as given: normal approximations, for planning only.
 * How well they hold is tested in `test/stats/power.test.ts`. Pairs count as independent; where several share an item,
 * more are needed.
 */
import { invariant } from "../errors.js";
import { normalQuantile } from "./normal.js";

/** How sure a decision must be, and how often it must be reached. */
export interface Decisiveness {
  /** Share: two-sided for rates and McNemar, each end one-sided for ratios. */
  readonly confidence: number;
  /** Share of repeats that decide, for example .8. */
  readonly power: number;
}

interface Reaches {
  /** Standard errors from the threshold to the end of the rejected side. */
  readonly alpha: number;
  /** Standard errors below which a repeat falls with chance 1 − power. */
  readonly beta: number;
}

function reach(confidence: number, power: number): Reaches {
  invariant(power > 0 && power < 1, `power ${power}: expected 0 to 1`);
  return { alpha: normalQuantile(confidence), beta: normalQuantile(power) };
}

/**
 * Standard errors that a two-sided decision and its power take, each from its side.
 *
 * @throws {@link InvariantError} when confidence or power is not in (0, 1).
 */
export function deviationsToDecide({ confidence, power }: Decisiveness): Reaches {
  return reach((1 + confidence) / 2, power);
}

function deviation(share: number): number {
  return Math.sqrt(share * (1 - share));
}

function isShare(x: number): boolean {
  return x >= 0 && x <= 1;
}

/**
 * Pairs after which Wilson's interval of a rate leaves a threshold; undefined where the rate lies on it.
 *
 * Method: the interval leaves t where |p̂ − t| > z_α·√(t(1 − t)/n), so
 * √n = (z_α·√(t(1 − t)) + z_power·√(p(1 − p))) / |p − t|.
 *
 * @throws {@link InvariantError} when a share is not 0 to 1, or confidence or power not in (0, 1).
 */
export function pairsToDecideRate(
  { share, threshold }: { readonly share: number; readonly threshold: number },
  decisiveness: Decisiveness,
): number | undefined {
  invariant(isShare(share) && isShare(threshold), `rate ${share} against ${threshold}`);
  const { alpha, beta } = deviationsToDecide(decisiveness);
  if (share === threshold) return undefined;
  const root = (alpha * deviation(threshold) + beta * deviation(share)) / (share - threshold);
  return Math.max(1, Math.ceil(root * root));
}

/** A ratio as some pairs estimated it; `pairedRatio` returns one. */
interface EstimatedRatio {
  readonly value: number;
  readonly standardError: number;
  readonly n: number;
}

/**
 * Pairs after which the nearer end of a ratio's interval leaves a threshold; undefined where the ratio lies on it.
 *
 * Method: n = n₀·((z_α + z_power)·se₀ / |r − t|)², the error shrinking with the root of the pairs.
 *
 * @throws {@link InvariantError} when a figure is no number, or confidence or power not in (0, 1).
 */
export function pairsToDecideRatio(
  { value, standardError, n, threshold }: EstimatedRatio & { readonly threshold: number },
  { confidence, power }: Decisiveness,
): number | undefined {
  invariant(
    Number.isFinite(value - threshold) && standardError > 0 && n > 0,
    `ratio ${value} ± ${standardError} of ${n} against ${threshold}`,
  );
  const { alpha, beta } = reach(confidence, power);
  if (value === threshold) return undefined;
  const root = ((alpha + beta) * standardError) / (value - threshold);
  return Math.max(1, Math.ceil(n * root * root));
}
