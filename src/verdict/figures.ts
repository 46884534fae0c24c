/**
 * @file Outcomes of trials become figures with intervals, by direction; nothing is judged here.
 */
import { invariant } from "../errors.js";
import {
  direction,
  DIRECTIONS,
  type Direction,
  type Hits,
  type Side,
  type Trials,
} from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { wilson, type Tally } from "../stats/intervals.js";
import type { Policy } from "./policy.js";
import { writeConfidence } from "./sentences.js";
import type { ByDirection, Measure, SiteControls } from "./verdicts.js";

/** Outcomes by direction, as measured; absent where not run. */
export type HitsByDirection = Readonly<Partial<Record<Direction, Hits>>>;

/** Target model of each direction. */
export const TARGET: Readonly<Record<Direction, Side>> = {
  "base→base": "base",
  "base→tuned": "tuned",
  "tuned→base": "base",
  "tuned→tuned": "tuned",
};

/** The directions between the two models. */
export const CROSS_DIRECTIONS = [
  direction("base", "tuned"),
  direction("tuned", "base"),
] as const satisfies readonly Direction[];

/** The direction that stays within a model: its own ceiling. */
export function within(side: Side): Direction {
  return direction(side, side);
}

/** Turns a tally into a share with Wilson's interval, or says why there is none. */
export function measureShare(tally: Tally, confidence: number): Measure {
  const interval = wilson(tally, confidence);
  if (interval.kind === "undefined") return interval;
  return {
    kind: "value",
    value: tally.hits / tally.n,
    unit: "share",
    n: tally.n,
    interval: [interval.low, interval.high],
    method: `Wilson ${writeConfidence(confidence)}`,
  };
}

/** Turns outcomes by direction into shares. */
export function measureByDirection(hits: HitsByDirection, confidence: number): ByDirection {
  const found: Partial<Record<Direction, Measure>> = {};
  for (const key of DIRECTIONS) {
    const row = hits[key];
    if (row !== undefined) found[key] = measureShare(countHits(row), confidence);
  }
  return found;
}

/** Figures of everything that stands beside the learned maps. */
export function measureControls(trials: Trials, confidence: number): SiteControls {
  const share = (side: Side): Measure =>
    measureShare(countHits(trials.noIntervention[side]), confidence);
  return {
    fullSwap: measureByDirection(trials.fullSwap, confidence),
    noIntervention: { base: share("base"), tuned: share("tuned") },
    permuted: measureByDirection(trials.permuted, confidence),
    randomSubspace: measureByDirection(trials.randomSubspace, confidence),
    closedForm: measureByDirection(trials.closedForm, confidence),
    frozenBasis: measureByDirection(trials.frozenBasis, confidence),
    ...(trials.alone && { alone: measureAlone(trials.alone, confidence) }),
  };
}

/** The maps of a model within itself: the joint ones, or those learned in it alone. */
export interface Ceiling {
  readonly hits: Hits;
  readonly null: Null;
  readonly isAlone: boolean;
}

/**
 * Finds the maps that show best what a model does with the variable within itself. The joint ones, as long as they
 * stand above their null by τ; where they do not and maps learned in the model alone do, those: then the codes of the
 * two models are there and cannot share maps.
 */
export function findCeiling(trials: Trials, side: Side, policy: Policy): Ceiling | undefined {
  const own = within(side);
  const joint = trials.iia[own];
  if (joint === undefined) return undefined;
  const nullOfJoint = findNull(trials, own);
  const together = { hits: joint, null: nullOfJoint, isAlone: false };
  const alone = trials.alone?.[side];
  if (alone === undefined || isAbove(joint, nullOfJoint, policy)) return together;
  const nullOfAlone = findNull({ ...trials, permuted: { [own]: alone.permuted } }, own);
  if (!isAbove(alone.iia, nullOfAlone, policy)) return together;
  return { hits: alone.iia, null: nullOfAlone, isAlone: true };
}

function isAbove(hits: Hits, { share }: Null, { tau, confidence }: Policy): boolean {
  const interval = wilson(countHits(hits), confidence);
  return interval.kind === "value" && interval.low - share > tau;
}

function measureAlone(alone: NonNullable<Trials["alone"]>, confidence: number): ByDirection {
  const { base, tuned } = alone;
  return measureByDirection(
    { ...(base && { "base→base": base.iia }), ...(tuned && { "tuned→tuned": tuned.iia }) },
    confidence,
  );
}

/** The null of a direction: the control that moved the answer most. */
export interface Null {
  readonly name: "no intervention" | "permuted sources" | "random subspace";
  readonly hits: Hits;
  readonly tally: Tally;
  readonly share: number;
}

/**
 * Finds the largest of the nulls of a direction: no intervention in the target, permuted sources, random subspace.
 * Ties go to the first named. Only what was run takes part; no intervention always was.
 */
export function findNull(trials: Trials, key: Direction): Null {
  const rows = [
    ["no intervention", trials.noIntervention[TARGET[key]]],
    ["permuted sources", trials.permuted[key]],
    ["random subspace", trials.randomSubspace[key]],
  ] as const;
  const found = rows.flatMap(([name, hits]): Null[] => {
    if (hits === undefined) return [];
    const tally = countHits(hits);
    return [{ name, hits, tally, share: tally.n === 0 ? 0 : tally.hits / tally.n }];
  });
  return found.reduce((largest, next) => (next.share > largest.share ? next : largest));
}

/** Figures of the nulls of the directions that were learned; `method` names the control. */
export function measureNulls(trials: Trials, confidence: number): ByDirection {
  const found: Partial<Record<Direction, Measure>> = {};
  for (const key of DIRECTIONS) {
    if (trials.iia[key] === undefined) continue;
    const { name, tally } = findNull(trials, key);
    const share = measureShare(tally, confidence);
    found[key] = share.kind === "value" ? { ...share, method: `${share.method}, ${name}` } : share;
  }
  return found;
}

/**
 * Checks that every row of outcomes belongs to the same trials: all of them, or, where a figure only describes, the first.
 *
 * @throws {@link InvariantError} when a row is longer or shorter than the list of trials.
 */
export function checkTrials(trials: Trials): void {
  const n = trials.target.length;
  const { noIntervention, fullSwap, iia, permuted, randomSubspace, closedForm, frozenBasis } =
    trials;
  const { base: aloneBase = {}, tuned: aloneTuned = {} } = trials.alone ?? {};
  const groups: Readonly<Record<string, Readonly<Record<string, { readonly length: number }>>>> = {
    source: { items: trials.source },
    ...{ noIntervention, fullSwap, iia, permuted, randomSubspace, closedForm, frozenBasis },
    ...{ "alone base": { ...aloneBase }, "alone tuned": { ...aloneTuned } },
  };
  for (const [group, rows] of Object.entries(groups)) {
    for (const [key, row] of Object.entries(rows)) {
      invariant(
        row.length === n || (describesOnly(group, key) && row.length > 0 && row.length < n),
        `${group} ${key} of the ${trials.table} table has ${row.length} outcomes for ${n} trials`,
      );
    }
  }
}

/** Rows that no verdict rests on, and which may stop after the first trials. */
function describesOnly(group: string, key: string): boolean {
  return (
    group === "closedForm" || (group === "fullSwap" && CROSS_DIRECTIONS.some((d) => d === key))
  );
}
