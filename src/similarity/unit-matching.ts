/**
 * @file One unit to one unit (Li et al. 2016, 3.1–3.2): each unit with its best partner, and all units with partners of
 * their own. What the second loses against the first are features that have no partner of their own.
 */
import type { Matrix } from "../numeric/matrix.js";
import { f64, i32, sum } from "../numeric/vector.js";
import { assignMost } from "./assignment.js";

/** Partners of the units of x and their scores. */
export interface UnitMatching {
  /** `[unit of x]`: unit of y, −1 where none is left. */
  readonly partner: Int32Array;
  /** `[unit of x]`: score of the pair, of matched units only, descending: the curve of the paper. */
  readonly scores: Float64Array;
  readonly meanScore: number;
}

/** Both matchings. */
export interface UnitMatchings {
  /** A unit of y may be the partner of several. */
  readonly semi: UnitMatching;
  /** Each unit of y once: the assignment of greatest total score. */
  readonly bipartite: UnitMatching;
  /** Share of units with the same partner in both, 0 to 1. */
  readonly sameShare: number;
}

/** Matches units by `scores` `[unit of x, unit of y]`: correlation or information; signed, so that opposites are not matched. */
export function matchUnits(scores: Matrix): UnitMatchings {
  const semi = matching(bestOf(scores), scores);
  const bipartite = matching(assignMost(scores).columns, scores);
  const same = semi.partner.filter((partner, unit) => partner === bipartite.partner[unit]).length;
  return { semi, bipartite, sameShare: same / scores.rows };
}

function bestOf({ rows, cols, data }: Matrix): Int32Array {
  return Int32Array.from({ length: rows }, (_, unit) => {
    let best = 0;
    for (let j = 1; j < cols; j++) {
      if (f64(data, unit * cols + j) > f64(data, unit * cols + best)) best = j;
    }
    return best;
  });
}

function matching(partner: Int32Array, { cols, data }: Matrix): UnitMatching {
  const units = [...partner.keys()].filter((unit) => i32(partner, unit) >= 0);
  const found = Float64Array.from(units, (unit) => f64(data, unit * cols + i32(partner, unit)));
  return { partner, scores: found.sort().reverse(), meanScore: sum(found) / units.length };
}
