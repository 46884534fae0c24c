/** @file How natural exchanged contexts are: distances of patched states from those that the target would hold. */
import { medianInterval } from "../../numeric/quantile.js";
import { f64 } from "../../numeric/vector.js";
import type { Matrix } from "../../numeric/matrix.js";
import { ENDS, Z95 } from "../interventions.js";
import { DIRECTIONS, type Distance, type Learning, type Side } from "../measures.js";
import type { ContextModel } from "./context-model.js";
import { departures, exchange } from "./exchange.js";
import { pairRows, type TextPairs, type TokenRows } from "./token-rows.js";

/** What distances are measured on. */
export interface DistanceRequest {
  readonly models: Readonly<Record<Side, ContextModel>>;
  readonly subspaces: Readonly<Record<Side, Matrix>>;
  readonly rows: TokenRows;
  readonly pairs: TextPairs;
}

/**
 * By direction, the median over texts of the root mean square distance of their tokens. 0 = exactly the states that the
 * target holds after the source text; the unit is the natural distance from the common mean.
 */
export function measureDistances(request: DistanceRequest): Learning["naturalness"] {
  const { models, subspaces, pairs } = request;
  const rows = pairRows(request.rows, pairs);
  const participant = (side: Side) => ({ model: models[side], subspace: subspaces[side] });
  const distance = (source: Side, target: Side): Distance => {
    const swap = exchange(participant(source), participant(target), rows);
    const squares = departures(swap, { model: models[target], rows });
    const { median, low, high } = medianInterval(perText(squares, rows.count), Z95);
    return { ratio: median, interval: [low, high], n: pairs.target.length };
  };
  return Object.fromEntries(DIRECTIONS.map((d) => [d, distance(ENDS[d].source, ENDS[d].target)]));
}

/** Root mean square over the rows of each text. */
function perText(squares: Float64Array, count: Int32Array): number[] {
  let start = 0;
  return Array.from(count, (n) => {
    let total = 0;
    for (let r = start; r < start + n; r++) total += f64(squares, r);
    start += n;
    return Math.sqrt(total / n);
  });
}
