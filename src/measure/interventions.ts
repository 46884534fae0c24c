/** @file The interventions of a cell on its test trials: which states each control puts into a target. */
import { coordinateDifference, patchStates, type End } from "../align/interchange.js";
import { rotation, subspaceOf, type AlignmentMap } from "../align/maps/alignment-map.js";
import { departuresFrom, squaredDistances } from "../align/naturalness.js";
import { exchange } from "../align/transfer/exchange.js";
import type { TransferProblem } from "../align/transfer/problem.js";
import { matrix, subtract, takeColumns, takeRows, type Matrix } from "../numeric/matrix.js";
import { medianInterval } from "../numeric/quantile.js";
import { f32, i32 } from "../numeric/vector.js";
import { normalQuantile } from "../stats/normal.js";
import { checkCoordinates, checkMap, checkOrthonormal, checkSources } from "./interchange-guard.js";
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

/** What a direction exchanges, and by which maps. */
export interface DirectionMaps {
  /** Of the source. */
  readonly from: AlignmentMap;
  /** Of the target. */
  readonly into: AlignmentMap;
  /** What becomes of the target's other coordinates: kept, or 0 (stitching). */
  readonly rest: TransferProblem["rest"];
}

/** Maps of each direction; a direction without takes no part. */
export type MapsByDirection = Readonly<Partial<Record<Direction, DirectionMaps>>>;

/** One map per model, used in all directions between them. */
export function mapsBetween(maps: Readonly<Partial<Record<Side, AlignmentMap>>>): MapsByDirection {
  return Object.fromEntries(
    DIRECTIONS.flatMap((d) => {
      const [from, into] = [maps[ENDS[d].source], maps[ENDS[d].target]];
      return from === undefined || into === undefined ? [] : [[d, { from, into, rest: "kept" }]];
    }),
  );
}

/** Subspaces exchanged in all directions between the models that have one. */
export function rotations(subspaces: Subspaces): MapsByDirection {
  return mapsBetween(
    Object.fromEntries(
      SIDES.flatMap((side) => {
        const subspace = subspaces[side];
        return subspace === undefined ? [] : [[side, rotation(subspace)]];
      }),
    ),
  );
}

/** The map of each model within itself. */
export function ownMaps(maps: MapsByDirection): Readonly<Partial<Record<Side, AlignmentMap>>> {
  return Object.fromEntries(
    SIDES.flatMap((side) => {
      const own = maps[`${side}→${side}`];
      return own === undefined ? [] : [[side, own.into]];
    }),
  );
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

/** Interchange of the mapped coordinates on all trials of one direction: `[trial, dModel]`. */
export function interchange(
  site: Site,
  way: Ends,
  { maps, trials }: { maps: DirectionMaps; trials: TrialItems },
): Float32Array {
  const { raw, normalisation } = site.states(way.target);
  const { sigma } = normalisation;
  const pair = subspacesOf(maps);
  if (pair !== undefined) {
    const { sourceEnd, targetEnd } = ends(site, way, { ...pair, trials });
    return patchStates(
      { raw, sigma, target: targetEnd },
      coordinateDifference(sourceEnd, targetEnd),
    );
  }
  const states = exchanged(site, way, { maps, trials });
  return stateRows(site, way.target, { items: trials.target, states });
}

/** Normalised `states` `[row, dModel]` of these items as the model has them. */
export function stateRows(
  site: Site,
  side: Side,
  { items, states }: { readonly items: Int32Array; readonly states: Matrix },
): Float32Array {
  const { raw, normalised, normalisation } = site.states(side);
  const { sigma } = normalisation;
  const shift = subtract(states, takeRows(normalised, items));
  const d = shift.cols;
  // from the state itself: what is not moved stays as it is to the last bit
  return Float32Array.from(
    shift.data,
    (value, i) => f32(raw, i32(items, Math.floor(i / d)) * d + (i % d)) + sigma * value,
  );
}

/** Source and target of a direction. */
interface Ends {
  readonly source: Side;
  readonly target: Side;
}

/** P of both ends, where the maps are rotations and the rest of the target is kept. */
function subspacesOf({
  from,
  into,
  rest,
}: DirectionMaps): { from: Matrix; into: Matrix } | undefined {
  const [source, target] = [subspaceOf(from), subspaceOf(into)];
  if (source === undefined || target === undefined || rest !== "kept") return undefined;
  return { from: source, into: target };
}

/** Patched states, normalised, `[trial, dModel]`; guarded as `ends` is. */
function exchanged(
  site: Site,
  { source, target }: Ends,
  { maps: { from, into, rest }, trials }: { maps: DirectionMaps; trials: TrialItems },
): Matrix {
  const where = `${site.name}, ${source}→${target}`;
  checkMap(from, `${where}, map of ${source}`);
  checkMap(into, `${where}, map of ${target}`);
  const given = takeRows(site.states(source).normalised, trials.source);
  const own = takeRows(site.states(target).normalised, trials.target);
  const kept = rest === "kept" ? own : matrix(own.rows, own.cols);
  const { states, coordinates } = exchange({
    form: into.form,
    donor: from.parameters,
    keeper: into.parameters,
    from: given,
    into: kept,
    mask: into.mask,
  });
  const { normalised } = site.states(source);
  const exchangedOnes = takeColumns(
    coordinates,
    [...Array(coordinates.cols).keys()].filter((c) => from.mask?.[c] !== 0),
  );
  checkCoordinates({ coordinates: exchangedOnes, normalised, trials }, where);
  return states;
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
  way: Ends,
  { maps, trials }: { maps: DirectionMaps; trials: LabelledPairs },
): Distance {
  const natural = site.natural(way.target);
  const squares = squaresOf(site, way, { maps, trials });
  const unit = natural.unit(distinct(trials.target));
  const { median, low, high } = medianInterval(squares.map(Math.sqrt), Z95);
  return { ratio: median / unit, interval: [low / unit, high / unit], n: squares.length };
}

/** Squared Mahalanobis distance of each patched state from the natural mean of its counterfactual: `[trial]`. */
function squaresOf(
  site: Site,
  way: Ends,
  { maps, trials }: { maps: DirectionMaps; trials: LabelledPairs },
): Float64Array {
  const natural = site.natural(way.target);
  const pair = subspacesOf(maps);
  if (pair !== undefined) {
    const { sourceEnd, targetEnd } = ends(site, way, { ...pair, trials });
    return squaredDistances({
      normalised: targetEnd.normalised,
      natural,
      subspace: targetEnd.subspace,
      items: trials.target,
      groups: trials.group,
      difference: coordinateDifference(sourceEnd, targetEnd),
    });
  }
  const means = takeRows(natural.means, trials.group);
  const patched = exchanged(site, way, { maps, trials });
  return departuresFrom(means, patched, natural.precision).squares;
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
  { source, target }: Ends,
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
