/**
 * @file Outcomes of trials as stored ("1" = hit, "0" = miss), read with care.
 */
import { InvariantError } from "../errors.js";
import type { Tally } from "./intervals.js";

const MISS = "0".charCodeAt(0);

/**
 * Counts the hits of a row of outcomes.
 *
 * @throws {@link InvariantError} when it holds anything but 0 and 1.
 */
export function countHits(hits: string): Tally {
  // counted without a list: a run judges some hundred thousand rows again for every policy
  let count = 0;
  for (let i = 0; i < hits.length; i++) count += readOutcome(hits, i);
  return { hits: count, n: hits.length };
}

/**
 * Spells a row of outcomes as numbers, 0 or 1 each: `[trial]`.
 *
 * @throws {@link InvariantError} when it holds anything but 0 and 1.
 */
export function outcomes(hits: string): readonly number[] {
  return Array.from({ length: hits.length }, (_, i) => readOutcome(hits, i));
}

function readOutcome(hits: string, trial: number): number {
  const outcome = hits.charCodeAt(trial) - MISS;
  if (outcome === 0 || outcome === 1) return outcome;
  const found = JSON.stringify(hits.charAt(trial));
  throw new InvariantError(`internal: outcome ${found} of trial ${trial}: expected "0" or "1"`, {
    code: "INTERNAL",
  });
}
