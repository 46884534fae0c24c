/**
 * @file Signs that a map steers instead of exchanging, or that a site was examined with too little: told, not judged.
 */
import {
  SIDES,
  type CellMeasures,
  type Direction,
  type Hits,
  type Trials,
} from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { wilson } from "../stats/intervals.js";
import { CROSS_DIRECTIONS, findCeiling, measureShare, TARGET, within } from "./figures.js";
import { writeMeasure, writeNumber } from "./sentences.js";
import type { Policy } from "./policy.js";
import type { SideGates } from "./verdicts.js";

/** Above this multiple of the target's own within effect, a cross direction does more than exchange. */
const CROSS_OVER_WITHIN = 1.1;
/** Planted re-coded models stood at 2.6 to 3.1, good pairs at 1.0 to 1.35. */
const UNNATURAL = 2;

function share(hits: Hits): number {
  const tally = countHits(hits);
  return tally.hits / tally.n;
}

function lowEnd(hits: Hits, confidence: number): number {
  const interval = wilson(countHits(hits), confidence);
  return interval.kind === "value" ? interval.low : Number.NEGATIVE_INFINITY;
}

function warnAboveCeiling(trials: Trials, policy: Policy): readonly string[] {
  const { confidence } = policy;
  return CROSS_DIRECTIONS.flatMap((key) => {
    const cross = trials.iia[key];
    const ceiling = findCeiling(trials, TARGET[key], policy)?.hits;
    if (cross === undefined || ceiling === undefined) return [];
    const isAbove =
      share(cross) > CROSS_OVER_WITHIN * share(ceiling) &&
      lowEnd(cross, confidence) > share(ceiling);
    if (!isAbove) return [];
    return [
      `${key} ${writeMeasure(measureShare(countHits(cross), confidence))} is above the target's own ${writeNumber(share(ceiling))}: a sign of steering`,
    ];
  });
}

function warnBeyondState(trials: Trials, { confidence }: Policy): readonly string[] {
  return SIDES.flatMap((side) => {
    const key = within(side);
    const learned = trials.iia[key];
    const swapped = trials.fullSwap[key];
    if (learned === undefined || swapped === undefined) return [];
    const most = wilson(countHits(swapped), confidence);
    if (most.kind === "undefined" || lowEnd(learned, confidence) <= most.high) return [];
    return [
      `${key} ${writeNumber(share(learned))} by the learned map, ${writeNumber(share(swapped))} by the whole state: a sign of steering`,
    ];
  });
}

function warnSmallSubspace(
  { cell }: CellMeasures,
  gates: Readonly<Record<"base" | "tuned", SideGates>>,
): readonly string[] {
  return SIDES.filter(
    (side) => gates[side].fullSwap === "yes" && gates[side].subspace === "no",
  ).map(
    (side) =>
      `swapping the whole state moves the ${side} model, the learned subspace does not: k = ${cell.k} may be too small`,
  );
}

function warnUnnatural({ learning, maps }: CellMeasures): readonly string[] {
  // with the rest of the target dropped, every state lies elsewhere
  if (learning === undefined || maps?.dropsRest === true) return [];
  const { naturalness } = learning;
  const unnatural = (key: Direction): string[] => {
    const cross = naturalness[key]?.ratio;
    const own = naturalness[within(TARGET[key])]?.ratio;
    if (cross === undefined || own === undefined || !(cross / own > UNNATURAL)) return [];
    return [
      `${key} states lie ${(cross / own).toFixed(1)} times as far from natural ones as the target's own: a sign of steering`,
    ];
  };
  return CROSS_DIRECTIONS.flatMap(unnatural);
}

/** Maps freer than a rotation may end below where they began: then a failure says little of the models. */
function warnUnderlearned(
  { maps }: CellMeasures,
  trials: Trials,
  { confidence }: Policy,
): readonly string[] {
  if (maps === undefined) return [];
  return SIDES.flatMap((side) => {
    const key = within(side);
    const [learned, start] = [trials.iia[key], trials.closedForm[key]];
    if (learned === undefined || start === undefined) return [];
    const most = wilson(countHits(learned), confidence);
    if (most.kind === "undefined" || lowEnd(start, confidence) <= most.high) return [];
    return [
      `${key} ${writeNumber(share(learned))} by the learned map, ${writeNumber(share(start))} by its start: not learned to the end, so that what fails here may be the learning (more --steps, or rotations)`,
    ];
  });
}

/** Everything that a reader should know beside the verdict of a site. */
export function collectWarnings(
  {
    cell,
    trials,
    gates,
  }: {
    readonly cell: CellMeasures;
    readonly trials: Trials;
    readonly gates: Readonly<Record<"base" | "tuned", SideGates>>;
  },
  policy: Policy,
): readonly string[] {
  return [
    ...warnAboveCeiling(trials, policy),
    ...warnBeyondState(trials, policy),
    ...warnSmallSubspace(cell, gates),
    ...warnUnnatural(cell),
    ...warnUnderlearned(cell, trials, policy),
  ];
}
