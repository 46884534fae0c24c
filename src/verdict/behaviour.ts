/**
 * @file What the natural answers of the models say, before any intervention.
 */
import type { AuditMeasures, Side, Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { wilson } from "../stats/intervals.js";
import { measureShare } from "./figures.js";
import type { Policy } from "./policy.js";
import { writeMeasure, writeNumber } from "./sentences.js";
import type { Measure } from "./verdicts.js";

/** Natural accuracy of both models within the answer set, over all items. */
export function measureAccuracy(
  audit: AuditMeasures,
  confidence: number,
): Readonly<Record<Side, Measure>> {
  return {
    base: measureShare(audit.natural.base.accuracy, confidence),
    tuned: measureShare(audit.natural.tuned.accuracy, confidence),
  };
}

/** Says why nothing can be measured for this variable, if so: the auditor's own reason, or a base at chance. */
export function explainNotMeasurable(audit: AuditMeasures, policy: Policy): string | undefined {
  if (audit.notMeasurable !== undefined) return audit.notMeasurable;
  const accuracy = measureShare(audit.natural.base.accuracy, policy.confidence);
  const chance = 1 / audit.classes.length;
  if (accuracy.kind === "value" && accuracy.interval[0] > chance) return undefined;
  return `the base answers ${writeMeasure(accuracy)} of the items rightly, not above chance (${writeNumber(chance)} for ${audit.classes.length} classes)`;
}

/** What became of the tuned model's behaviour: at its null, not above it, kept, or nothing shown. */
export type BehaviourFate = "lost" | "not above" | "kept" | "neither";

/**
 * Compares the tuned model's natural accuracy with its null, the share of trials in which its natural answer is the
 * counterfactual one: a model that ignores the variable gives both equally often.
 *
 * `lost`: the whole interval lies within τ of the null. `not above`: it lies below null + τ and reaches further down; a
 * model that answers by another table does, and so may one that answers at random.
 * `kept`: the lower end reaches the policy's ratio of the base's own effect, accuracy minus null.
 */
export function judgeBehaviour(
  audit: AuditMeasures,
  trials: Trials,
  policy: Policy,
): BehaviourFate {
  const tuned = wilson(audit.natural.tuned.accuracy, policy.confidence);
  const base = audit.natural.base.accuracy;
  if (tuned.kind === "undefined" || base.n === 0 || trials.target.length === 0) return "neither";
  const nullShare = (side: Side): number => {
    const { hits, n } = countHits(trials.noIntervention[side]);
    return hits / n;
  };
  const low = tuned.low - nullShare("tuned");
  const high = tuned.high - nullShare("tuned");
  if (high < policy.tau) return low > -policy.tau ? "lost" : "not above";
  return low >= policy.ratio * (base.hits / base.n - nullShare("base")) ? "kept" : "neither";
}
