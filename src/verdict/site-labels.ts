/**
 * @file Labels of a site: they explain a verdict or stand beside it, and never decide.
 */
import type { CellMeasures, Hits, Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { wilson } from "../stats/intervals.js";
import { ratioToCeiling } from "./claims.js";
import { CROSS_DIRECTIONS, findNull, measureShare, TARGET, within } from "./figures.js";
import { gateSide } from "./gates.js";
import type { Policy } from "./policy.js";
import { writeMeasure, writeNumber } from "./sentences.js";
import type { Label } from "./verdicts.js";

/** A label with the sentence that supports it. */
export interface ExplainedLabel {
  readonly label: Label;
  readonly reason: string;
}

/** Where the codes' sizes differ by less than a quarter nothing is said. */
const SAME_SCALE = { from: 0.8, to: 1.25 } as const;

/** Maps that may have carried a state across, the learned one first: the first that was run speaks. */
const MAPS = [
  ["learned map", "iia"],
  ["closed form", "closedForm"],
  ["frozen basis", "frozenBasis"],
  ["full swap", "fullSwap"],
] as const;

/** `still readable`: a lost variable that a cross direction still moves above the nulls of its target. */
export function labelReadable(trials: Trials, policy: Policy): readonly ExplainedLabel[] {
  const found = CROSS_DIRECTIONS.flatMap((key) => {
    const map = MAPS.find(([, field]) => trials[field][key] !== undefined);
    const hits: Hits | undefined = map === undefined ? undefined : trials[map[1]][key];
    if (map === undefined || hits === undefined) return [];
    const tally = countHits(hits);
    const nullShare = Math.max(
      findNull(trials, key).share,
      findNull(trials, within(TARGET[key])).share,
    );
    const interval = wilson(tally, policy.confidence);
    if (interval.kind === "undefined" || interval.low <= nullShare) return [];
    const share = writeMeasure(measureShare(tally, policy.confidence));
    return [`${key} ${share} (${map[0]}) against a null of ${writeNumber(nullShare)}`];
  });
  if (found.length === 0) return [];
  return [{ label: "still readable", reason: `still readable: ${found.join("; ")}` }];
}

/** `behaviour changed`: the tuned model follows the variable, but under a table of its own. */
export function labelChanged(cell: CellMeasures, policy: Policy): readonly ExplainedLabel[] {
  const own = cell.trials.find(({ table }) => table === "own");
  if (own === undefined || own.target.length < policy.minPairs) return [];
  const key = within("tuned");
  const gates = gateSide(own, "tuned", policy);
  if ((gates.subspace ?? gates.fullSwap) !== "yes") return [];
  const [name, hits] =
    own.iia[key] === undefined ? ["full swap", own.fullSwap[key]] : ["learned map", own.iia[key]];
  const share = measureShare(countHits(hits ?? ""), policy.confidence);
  return [
    {
      label: "behaviour changed",
      reason: `behaviour changed: under its own answer table ${key} is ${writeMeasure(share)} (${name})`,
    },
  ];
}

/** `same basis`: the base's P in both models reaches the ratio of the trained effect, into the tuned model and within it. */
export function labelSameBasis(trials: Trials, policy: Policy): readonly ExplainedLabel[] {
  // tuned→base alone is no witness: it reads .93 on a rotated model
  const lows = (["base→tuned", "tuned→tuned"] as const).map((direction) => {
    const hits = trials.frozenBasis[direction];
    if (hits === undefined) return Number.NEGATIVE_INFINITY;
    const ratio = ratioToCeiling(trials, { direction, hits }, policy);
    return ratio.kind === "value" ? ratio.low : Number.NEGATIVE_INFINITY;
  });
  const lowest = Math.min(...lows);
  if (lowest < policy.ratio) return [];
  return [
    {
      label: "same basis",
      reason: `same basis: the base's own directions reach at least ${writeNumber(lowest)} of the trained effect`,
    },
  ];
}

/** `scale ×r`: σ of the tuned states over the base's, where both were learned and it is far from 1. */
export function labelScale({ learning }: CellMeasures): readonly ExplainedLabel[] {
  if (learning === undefined || learning.trained.length < 2) return [];
  const ratio = learning.sigma.tuned / learning.sigma.base;
  if (!Number.isFinite(ratio) || (ratio >= SAME_SCALE.from && ratio <= SAME_SCALE.to)) return [];
  return [
    {
      label: `scale ×${ratio.toFixed(2)}`,
      reason: `the tuned states are ${ratio.toFixed(2)} times as large as the base's`,
    },
  ];
}
