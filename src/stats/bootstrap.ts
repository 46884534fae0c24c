/**
 * @file Intervals where trials share items: whole items are drawn again, with all their trials and every row at once.
 */
import { invariant } from "../errors.js";
import { quantileR7 } from "../numeric/quantile.js";
import { sumByCluster, type ClusterId, type ClusterTotals } from "./clusters.js";
import type { Interval } from "./intervals.js";
import { normalQuantile } from "./normal.js";
import { pairedOutcomes, type PairedRows } from "./pairs.js";
import { pairEffects, type PairedRates } from "./ratio.js";
import type { Stream } from "./stream.js";

/** What each trial belongs to, for example its target item: `[trial]`. */
export interface Clustered {
  readonly clusters: readonly ClusterId[];
}

/** How to draw. */
export interface Resampling {
  /** Share; each end alone holds with it. */
  readonly confidence: number;
  readonly rng: Stream;
  /** @defaultValue 2000: the confidence of an end at .95 then errs by √(.95·.05/2000) = .005. */
  readonly draws?: number;
}

/** A statistic with its interval over drawn clusters, or the reason why there is none. */
export type Bootstrapped =
  | {
      readonly kind: "value";
      readonly value: number;
      /** Each end is one-sided at the confidence asked for. */
      readonly low: number;
      readonly high: number;
      readonly n: number;
      readonly clusters: number;
      readonly draws: number;
    }
  | { readonly kind: "undefined"; readonly reason: string };

const DEFAULT_DRAWS = 2000;

/** Statistic of as many clusters as there are, drawn with replacement; undefined without an effect to divide by. */
function drawOnce({ numerator, denominator }: ClusterTotals, rng: Stream): number | undefined {
  const count = numerator.length;
  let [above, below] = [0, 0];
  for (let i = 0; i < count; i++) {
    // five times as fast as rng.int, and as even: count is far below the 2⁵³ values of next
    const cluster = Math.floor(rng.next() * count);
    above += numerator[cluster] ?? Number.NaN;
    below += denominator[cluster] ?? Number.NaN;
  }
  return below > 0 ? above / below : undefined;
}

function total(column: Float64Array): number {
  return column.reduce((sum, x) => sum + x, 0);
}

/**
 * Finds the ends of what was drawn. A draw without a value counts against both ends, as −∞ and as ∞: none is left
 * out, and where an end would be infinite there is no interval.
 */
function percentiles(drawn: readonly (number | undefined)[], confidence: number): Interval {
  const values = drawn.filter((value) => value !== undefined);
  const none = drawn.length - values.length;
  // ranks among all draws become shares of the values
  const last = values.length - 1;
  const low = ((1 - confidence) * (drawn.length - 1) - none) / last;
  const high = (confidence * (drawn.length - 1)) / last;
  if (none > 0 && !(low >= 0 && high <= 1)) {
    return {
      kind: "undefined",
      reason: `in ${none} of ${drawn.length} draws the target's own effect is not above its null`,
    };
  }
  return { kind: "value", low: quantileR7(values, low), high: quantileR7(values, high) };
}

/**
 * Draws total(numerator) / total(denominator) again and again. Percentile ends, but at least as far from the value
 * as z times the effect of one cluster of mean size: rows that agree everywhere are not certainty.
 */
function bootstrapTotals(
  totals: ClusterTotals,
  { confidence, rng, draws = DEFAULT_DRAWS }: Resampling,
): Bootstrapped {
  invariant(confidence > 0.5 && confidence < 1, `confidence ${confidence}: expected .5 to 1`);
  invariant(Number.isInteger(draws) && draws > 1, `${draws} draws: expected 2 or more`);
  const clusters = totals.numerator.length;
  if (clusters < 2) {
    return { kind: "undefined", reason: `${clusters} clusters: drawing again needs 2` };
  }
  const effect = total(totals.denominator);
  if (effect <= 0) {
    return { kind: "undefined", reason: "the target's own effect is not above its null" };
  }
  const drawn = Array.from({ length: draws }, () => drawOnce(totals, rng));
  const ends = percentiles(drawn, confidence);
  if (ends.kind === "undefined") return ends;
  const value = total(totals.numerator) / effect;
  const floor = (normalQuantile(confidence) * totals.n) / clusters / effect;
  return {
    kind: "value",
    value,
    low: Math.min(ends.low, value - floor),
    high: Math.max(ends.high, value + floor),
    n: totals.n,
    clusters,
    draws,
  };
}

/**
 * Estimates the difference of two rates on the same trials (a − b), with an interval that holds where trials of one
 * cluster resemble each other.
 *
 * Source: Davison, A. C. & Hinkley, D. V. (1997), "Bootstrap methods and their application", 2.4 and 3.8.
 *
 * @throws {@link InvariantError} when rows and clusters differ in length, rows hold anything but 0 and 1, confidence
 *   is not in (.5, 1) or draws is no whole number above 1.
 */
export function bootstrapDifference(
  { clusters, ...rows }: PairedRows & Clustered,
  resampling: Resampling,
): Bootstrapped {
  const { a, b } = pairedOutcomes(rows);
  const differences = a.map((hit, trial) => hit - (b[trial] ?? Number.NaN));
  const ones = a.map(() => 1);
  return bootstrapTotals(
    sumByCluster({ numerator: differences, denominator: ones, clusters }),
    resampling,
  );
}

/**
 * Estimates (cross − null) / (within − null) as `pairedRatio` does, with an interval that holds where trials of one
 * cluster resemble each other. Draws without an effect to divide by count against both ends; too many leave none.
 *
 * @throws {@link InvariantError} as {@link bootstrapDifference}.
 */
export function bootstrapRatio(
  { clusters, ...rates }: PairedRates & Clustered,
  resampling: Resampling,
): Bootstrapped {
  const { cross, within } = pairEffects(rates);
  return bootstrapTotals(
    sumByCluster({ numerator: cross, denominator: within, clusters }),
    resampling,
  );
}
