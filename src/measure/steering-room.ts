/**
 * @file Whether maps learned on behaviour alone could say more than the natural ones: they explain why a cross direction
 * fails (it can be steered, it is not shared), and nothing where none does.
 */
import { countHits } from "../stats/hits.js";
import { DIRECTIONS, direction, type DirectedHits } from "./measures.js";
import { ENDS } from "./interventions.js";

/**
 * Share of the hits within the target from which a cross direction leaves nothing to explain. A policy may ask for
 * `ratio` up to this much and still find the behaviour-only maps of every site that it calls failing.
 */
export const NOTHING_LEFT = 0.95;

/** True where both models were learned together and a cross direction falls short of its target's own. */
export function leavesRoomForSteering(iia: DirectedHits): boolean {
  const rate = (hits: string): number => countHits(hits).hits / hits.length;
  return DIRECTIONS.some((way) => {
    const { source, target } = ENDS[way];
    const [cross, within] = [iia[way], iia[direction(target, target)]];
    if (source === target || cross === undefined || within === undefined) return false;
    return rate(cross) < NOTHING_LEFT * rate(within);
  });
}
