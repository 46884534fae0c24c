/**
 * @file Figures of what stands beside the learned maps of a cell: none of them decides, all of them explain.
 */
import {
  DIRECTIONS,
  SIDES,
  type CellMeasures,
  type DirectedHits,
  type Direction,
  type FurtherMeasures,
  type Hits,
  type Side,
  type Trials,
} from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { measureByDirection, measureShare } from "./figures.js";
import type { Policy } from "./policy.js";
import type { FurtherFigures, Measure } from "./verdicts.js";

/** A size is sufficient from this share of the best of the curve on. */
const SUFFICIENT = 0.95;

/** Turns what was counted beside the learned maps into figures; absent where nothing was learned. */
export function measureFurtherFigures(
  { further, learning }: CellMeasures,
  trials: Trials,
  policy: Policy,
): FurtherFigures | undefined {
  if (further === undefined || learning === undefined) return undefined;
  const { confidence } = policy;
  const { behaviourOnly, shuffledLabels, untrainedSource, isolation, geometry } = further;
  return {
    ...(behaviourOnly && { behaviourOnly: measureByDirection(behaviourOnly.iia, confidence) }),
    ...(shuffledLabels && { shuffledLabels: measureByDirection(shuffledLabels.iia, confidence) }),
    ...(untrainedSource && {
      untrainedSource: bySideRun((side) => {
        const found = untrainedSource[side];
        return found && measureShare(countHits(found.iia), confidence);
      }),
    }),
    ...(isolation && {
      isolation: {
        n: isolation.target.length,
        kept: measureByDirection(isolation.swapped, confidence),
        noIntervention: {
          base: measureShare(countHits(isolation.noIntervention.base), confidence),
          tuned: measureShare(countHits(isolation.noIntervention.tuned), confidence),
        },
      },
    }),
    ...measureBothRight(further, trials, policy),
    sizeCurve: measureSizes(further, confidence),
    geometry: { ...geometry, ...compareSizes(geometry.codeSize) },
    ...measureSpread(further, trials),
  };
}

function bySideRun(
  figure: (side: Side) => Measure | undefined,
): Readonly<Partial<Record<Side, Measure>>> {
  const found: Partial<Record<Side, Measure>> = {};
  for (const side of SIDES) {
    const measure = figure(side);
    if (measure !== undefined) found[side] = measure;
  }
  return found;
}

/** IIA on the trials whose items both models answer rightly, where enough of them remain. */
function measureBothRight(
  { bothRight }: FurtherMeasures,
  { iia }: Trials,
  { confidence, minPairs }: Policy,
): Pick<FurtherFigures, "bothRight"> {
  const { hits: n } = countHits(bothRight);
  if (n < minPairs) return {};
  const kept = (hits: Hits): Hits =>
    Array.from(hits, (hit, i) => (bothRight[i] === "1" ? hit : "")).join("");
  const rows: Partial<Record<Direction, Hits>> = {};
  for (const key of DIRECTIONS) {
    const hits = iia[key];
    if (hits !== undefined) rows[key] = kept(hits);
  }
  return { bothRight: { n, iia: measureByDirection(rows, confidence) } };
}

function measureSizes(
  { sizeCurve }: FurtherMeasures,
  confidence: number,
): FurtherFigures["sizeCurve"] {
  const smallest: Partial<Record<Direction, number>> = {};
  for (const key of DIRECTIONS) {
    const found = smallestSufficient(sizeCurve.points, key);
    if (found !== undefined) smallest[key] = found;
  }
  const points = sizeCurve.points.map(({ k, iia }) => ({
    k,
    iia: measureByDirection(iia, confidence),
  }));
  return { n: sizeCurve.n, points, smallest };
}

/** The smallest k whose rate reaches 95 % of the best of the curve; a description of points, no test. */
function smallestSufficient(
  points: readonly { readonly k: number; readonly iia: DirectedHits }[],
  key: Direction,
): number | undefined {
  const rates = points.flatMap(({ k, iia }) => {
    const hits = iia[key];
    return hits === undefined ? [] : [{ k, hits: countHits(hits).hits }];
  });
  const best = Math.max(...rates.map(({ hits }) => hits));
  return best > 0 ? rates.find(({ hits }) => hits >= SUFFICIENT * best)?.k : undefined;
}

/** Size of the tuned model's code over the base's, where both were learned and the base's is not nothing. */
function compareSizes({ base, tuned }: FurtherMeasures["geometry"]["codeSize"]): {
  readonly codeScale?: number;
} {
  if (base === undefined || tuned === undefined || base === 0) return {};
  return { codeScale: tuned / base };
}

/** Lowest and highest rate over the learnings of the cell, where there are several. */
function measureSpread(
  { repeats }: FurtherMeasures,
  trials: Trials,
): Pick<FurtherFigures, "spread"> {
  if (repeats.length === 0) return {};
  const iia: Partial<Record<Direction, readonly [number, number]>> = {};
  for (const key of DIRECTIONS) {
    const rates = [trials.iia, ...repeats.map((repeat) => repeat.iia)].flatMap((rows) => {
      const hits = rows[key];
      return hits === undefined ? [] : [countHits(hits).hits / hits.length];
    });
    if (rates.length > 0) iia[key] = [Math.min(...rates), Math.max(...rates)];
  }
  return { spread: { learnings: repeats.length + 1, iia } };
}
