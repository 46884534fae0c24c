/**
 * @file Units matched on one half of the items and scored on the other (Li et al. 2016, 3.1–3.2): a best partner found
 * among many looks good on the items that chose it, whatever the models do.
 */
import type { Matrix } from "../numeric/matrix.js";
import { i32 } from "../numeric/vector.js";
import { binsFor, informationOf, unitInformation } from "./mutual-information.js";
import { informationName } from "./unit-closeness.js";
import { standardUnits, unitCorrelations } from "./unit-correlation.js";
import type { Halves, UnitFigure } from "./unit-figure.js";
import { matchUnits, type UnitMatchings } from "./unit-matching.js";

/** Score of a unit of x with a unit of y. */
type Score = (unitOfX: number, unitOfY: number) => number;

/** Matchings by correlation and by information, and the bipartite partners by correlation `[unit of x]` (−1: none). */
export function matchedUnits({ fit, test }: Halves): {
  readonly figures: readonly UnitFigure[];
  readonly partners: Int32Array;
} {
  const sizes = { n: test.x.rows, nFit: fit.x.rows };
  const bins = binsFor(fit.x.rows);
  const correlated = matchUnits(unitCorrelations(fit.x, fit.y));
  const informed = matchUnits(unitInformation(fit.x, fit.y, bins));
  return {
    partners: correlated.bipartite.partner,
    figures: [
      ...matchingFigures(correlated, correlationOf(test.x, test.y), {
        ...{ name: "r", by: "correlation (signed)", ...sizes },
      }),
      ...matchingFigures(informed, informationOf(test.x, test.y, bins), {
        ...{ name: "I", by: informationName(bins), ...sizes },
      }),
    ],
  };
}

function matchingFigures(
  { semi, bipartite, sameShare }: UnitMatchings,
  score: Score,
  {
    name,
    by,
    ...sizes
  }: { readonly name: string; readonly by: string; readonly n: number; readonly nFit: number },
): readonly UnitFigure[] {
  return [
    {
      ...{ name: `${name} semi`, ...sizes, value: meanScore(semi.partner, score) },
      measure: `semi-matching by ${by}, each unit of the base with its best: mean of pairs, held-out items`,
    },
    {
      ...{ name: `${name} bip`, ...sizes, value: meanScore(bipartite.partner, score) },
      measure: `bipartite matching by ${by}, exact assignment: mean of pairs, held-out items`,
    },
    {
      ...{ name: `${name} same`, n: sizes.nFit, value: sameShare },
      measure: `share of units with one partner in both matchings by ${by}`,
    },
  ];
}

function meanScore(partners: Int32Array, score: Score): number {
  const matched = [...partners.keys()].filter((unit) => i32(partners, unit) >= 0);
  const total = matched.reduce((sum, unit) => sum + score(unit, i32(partners, unit)), 0);
  return total / matched.length;
}

/** Pearson's r; 0 for a unit that does not vary here. */
function correlationOf(x: Matrix, y: Matrix): Score {
  const [a, b] = [standardUnits(x).units, standardUnits(y).units];
  return (unitOfX, unitOfY) => {
    let total = 0;
    for (let item = 0; item < a.rows; item++) {
      total +=
        (a.data[item * a.cols + unitOfX] as number) * (b.data[item * b.cols + unitOfY] as number); // in range by the loop's bound
    }
    return total / a.rows;
  };
}
