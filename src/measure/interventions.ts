/** @file The interventions of a cell on its test trials: which states each control puts into a target. */
import { coordinateDifference, patchStates, type End } from "../align/interchange.js";
import { squaredDistances } from "../align/naturalness.js";
import type { Matrix } from "../numeric/matrix.js";
import { medianInterval } from "../numeric/quantile.js";
import { i32 } from "../numeric/vector.js";
import { normalQuantile } from "../stats/normal.js";
import { checkOrthonormal, checkSources } from "./interchange-guard.js";
import { DIRECTIONS, SIDES, type Direction, type Distance, type Side } from "./measures.js";
import type { Site } from "./site.js";
import type { LabelledPairs } from "./table-run.js";

/** One subspace per model; a model without one takes no part. */
export type Subspaces = Readonly<Partial<Record<Side, Matrix>>>;

/** Source and target of each direction. */
export const ENDS: Readonly<Record<Direction, { source: Side; target: Side }>> = {
  "base→base": { source: "base", target: "base" },
  "base→tuned": { source: "base", target: "tuned" },
  "tuned→base": { source: "tuned", target: "base" },
  "tuned→tuned": { source: "tuned", target: "tuned" },
};

/** The directions between these sides. */
export function directionsAmong(sides: readonly Side[]): Direction[] {
  return DIRECTIONS.filter((d) => sides.includes(ENDS[d].source) && sides.includes(ENDS[d].target));
}

/** The sides that have a subspace. */
export function sidesOf(subspaces: Subspaces): Side[] {
  return SIDES.filter((side) => subspaces[side] !== undefined);
}

/** Source states in place of target states, whole: `[trial, dModel]`. Widths must agree. */
export function wholeStates(
  states: Float32Array,
  sources: Int32Array,
  dModel: number,
): Float32Array {
  const out = new Float32Array(sources.length * dModel);
  sources.forEach((item, trial) => {
    out.set(states.subarray(item * dModel, (item + 1) * dModel), trial * dModel);
  });
  return out;
}

/** Interchange of the subspaces on all trials of one direction: `[trial, dModel]`. */
export function interchange(
  site: Site,
  { source, target }: { source: Side; target: Side },
  { from, into, trials }: { from: Matrix; into: Matrix; trials: TrialItems },
): Float32Array {
  const { sourceEnd, targetEnd } = ends(site, { source, target }, { from, into, trials });
  const { raw, normalisation } = site.states(target);
  const difference = coordinateDifference(sourceEnd, targetEnd);
  return patchStates({ raw, sigma: normalisation.sigma, target: targetEnd }, difference);
}

/** Items of the trials; `source` may be permuted. */
export type TrialItems = Pick<LabelledPairs, "source" | "target">;

/** Normal quantile of the two-sided 95 % interval of a distance. */
export const Z95 = normalQuantile(0.975);

/**
 * Median Mahalanobis distance of patched states from natural states of their counterfactual, over the median distance
 * of the trials' own natural states (ratio; 1 = as natural as states can be).
 */
export function naturalnessOf(
  site: Site,
  subspaces: { from: Matrix; into: Matrix },
  { source, target, trials }: { source: Side; target: Side; trials: LabelledPairs },
): Distance {
  const { sourceEnd, targetEnd } = ends(site, { source, target }, { ...subspaces, trials });
  const natural = site.natural(target);
  const squares = squaredDistances({
    normalised: targetEnd.normalised,
    natural,
    subspace: targetEnd.subspace,
    items: trials.target,
    groups: trials.group,
    difference: coordinateDifference(sourceEnd, targetEnd),
  });
  const unit = natural.unit(distinct(trials.target));
  const { median, low, high } = medianInterval(squares.map(Math.sqrt), Z95);
  return { ratio: median / unit, interval: [low / unit, high / unit], n: squares.length };
}

/** Items of `list`, each once, ascending. */
export function distinct(list: Int32Array): Int32Array {
  return Int32Array.from(new Set(list)).sort();
}

/** Sources dealt to other trials; targets and labels stay. */
export function permuteSources(trials: TrialItems, order: readonly number[]): TrialItems {
  return {
    target: trials.target,
    source: Int32Array.from(order, (trial) => i32(trials.source, trial)),
  };
}

/** Both ends of an interchange, guarded: every interchange that is measured passes here. */
function ends(
  site: Site,
  { source, target }: { source: Side; target: Side },
  { from, into, trials }: { from: Matrix; into: Matrix; trials: TrialItems },
): { sourceEnd: End; targetEnd: End } {
  const where = `${site.name}, ${source}→${target}`;
  checkOrthonormal(from, `${where}, P of ${source}`);
  checkOrthonormal(into, `${where}, P of ${target}`);
  const sourceEnd = {
    subspace: from,
    normalised: site.states(source).normalised,
    items: trials.source,
  };
  checkSources(sourceEnd, trials.target, where);
  return {
    sourceEnd,
    targetEnd: { subspace: into, normalised: site.states(target).normalised, items: trials.target },
  };
}
