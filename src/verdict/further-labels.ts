/** @file Labels and warnings from what stands beside the learned maps; none of them decides. */
import { SIDES, type CellMeasures, type Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { wilson } from "../stats/intervals.js";
import { pairedRatio } from "../stats/ratio.js";
import { CROSS_DIRECTIONS, findNull, measureShare, TARGET, within } from "./figures.js";
import type { Policy } from "./policy.js";
import { writeMeasure, writeNumber } from "./sentences.js";
import type { ExplainedLabel } from "./site-labels.js";

/** `steerable`: maps learned without naturalness reach the ratio in every direction compared, where the natural ones do not. */
export function labelSteerable(
  { further, maps }: CellMeasures,
  trials: Trials,
  policy: Policy,
): readonly ExplainedLabel[] {
  const steered = further?.behaviourOnly?.iia;
  const compared = maps?.cross ?? CROSS_DIRECTIONS;
  if (steered === undefined || compared.length === 0) return [];
  const lows = compared.map((key) => {
    const own = within(TARGET[key]);
    const [cross, ceiling] = [steered[key], steered[own]];
    if (cross === undefined || ceiling === undefined) return Number.NEGATIVE_INFINITY;
    const nulls = findNull(trials, own).hits;
    const ratio = pairedRatio({ cross, within: ceiling, null: nulls }, policy.confidence);
    return ratio.kind === "value" ? ratio.low : Number.NEGATIVE_INFINITY;
  });
  const lowest = Math.min(...lows);
  if (lowest < policy.ratio) return [];
  const figures = compared.map(
    (key) =>
      `${key} ${writeMeasure(measureShare(countHits(steered[key] ?? ""), policy.confidence))}`,
  );
  return [
    {
      label: "steerable",
      reason: `steerable, not shared: on behaviour alone (λ = 0) ${figures.join(", ")}, at least ${writeNumber(lowest)} of the target's own effect`,
    },
  ];
}

/**
 * `entangled`: a swap within the tuned model changes answers that other variables decide, and in the base it does not.
 * Each model is compared with what it answers there without a swap.
 */
export function labelEntangled(
  { further }: CellMeasures,
  { confidence, isolation: asked }: Policy,
): readonly ExplainedLabel[] {
  const isolation = further?.isolation;
  const base = isolation?.swapped["base→base"];
  const tuned = isolation?.swapped["tuned→tuned"];
  if (isolation === undefined || base === undefined || tuned === undefined) return [];
  const untouched = countHits(isolation.noIntervention.tuned);
  const [ofBase, ofTuned] = [
    wilson(countHits(base), confidence),
    wilson(countHits(tuned), confidence),
  ];
  if (ofBase.kind === "undefined" || ofTuned.kind === "undefined") return [];
  const isWhole = ofBase.low >= asked;
  const isBroken = ofTuned.high < (asked * untouched.hits) / untouched.n;
  if (!isWhole || !isBroken) return [];
  const share = (hits: string): string => writeMeasure(measureShare(countHits(hits), confidence));
  return [
    {
      label: "entangled",
      reason: `entangled: of answers that other variables decide, a swap within the tuned model leaves ${share(tuned)}, within the base ${share(base)}`,
    },
  ];
}

/** What the further controls should make a reader doubt. */
export function warnFurther(
  { further }: CellMeasures,
  trials: Trials,
  policy: Policy,
): readonly string[] {
  return [
    ...warnUntrained(further?.untrainedSource, trials, policy),
    ...warnCarried(further, policy),
  ];
}

function warnUntrained(
  source: NonNullable<CellMeasures["further"]>["untrainedSource"],
  trials: Trials,
  policy: Policy,
): readonly string[] {
  return SIDES.flatMap((target) => {
    const hits = source?.[target]?.iia;
    const own = within(target);
    const ceiling = trials.iia[own];
    if (hits === undefined || ceiling === undefined) return [];
    const nulls = findNull(trials, own).hits;
    const ratio = pairedRatio({ cross: hits, within: ceiling, null: nulls }, policy.confidence);
    if (ratio.kind === "undefined" || ratio.low < policy.ratio) return [];
    const share = writeMeasure(measureShare(countHits(hits), policy.confidence));
    return [
      `a network with random weights reaches ${share} in the ${target} model: the words of the prompt alone are enough here, so that a transfer proves little`,
    ];
  });
}

function warnCarried(further: CellMeasures["further"], policy: Policy): readonly string[] {
  const base = further?.isolation?.swapped["base→base"];
  if (base === undefined) return [];
  const kept = wilson(countHits(base), policy.confidence);
  if (kept.kind === "undefined" || kept.high >= policy.isolation) return [];
  const share = writeMeasure(measureShare(countHits(base), policy.confidence));
  return [
    `within the base a swap leaves only ${share} of the answers that other variables decide: the subspace carries more than this variable`,
  ];
}
