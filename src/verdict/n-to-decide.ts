/**
 * @file How many pairs would decide what these did not, four times out of five; for planning only.
 */
import type { Side, Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import type { Tally } from "../stats/intervals.js";
import { pairsToDecideRate, pairsToDecideRatio } from "../stats/power.js";
import type { Claim } from "./claims.js";
import { findNull, within } from "./figures.js";
import { compareWithNull } from "./gates.js";
import type { Policy } from "./policy.js";

/** Beyond this nobody would run it: the rate lies on its threshold, and the honest answer is that no n decides. */
const MOST_PAIRS = 100_000;

/** Share of repeats with that many pairs that would decide; the customary one. */
const POWER = 0.8;

function limit(n: number | undefined, present: number): number | undefined {
  if (n === undefined) return undefined;
  const whole = Math.max(n, present + 1);
  return whole <= MOST_PAIRS ? whole : undefined;
}

/** Pairs after which a rate's interval would leave null + τ, were the rate to stay. */
function pairsForGate({ hits, n }: Tally, nullShare: number, policy: Policy): number | undefined {
  // a threshold above 1 is never reached, and no interval holds it
  const threshold = Math.min(1, nullShare + policy.tau);
  if (n === 0) return undefined;
  const { confidence } = policy;
  return limit(pairsToDecideRate({ share: hits / n, threshold }, { confidence, power: POWER }), n);
}

/** Pairs that would decide the undecided gates of one model; empty where they are decided or were not run. */
export function pairsForSide(
  trials: Trials,
  side: Side,
  policy: Policy,
): readonly (number | undefined)[] {
  const untouched = countHits(trials.noIntervention[side]);
  const own = within(side);
  const gates = [
    [trials.fullSwap[own], untouched.hits / untouched.n],
    [trials.iia[own], findNull(trials, own).share],
  ] as const;
  return gates.flatMap(([hits, nullShare]) => {
    if (hits === undefined) return [];
    const tally = countHits(hits);
    if (compareWithNull(tally, nullShare, policy) !== "?") return [];
    return [pairsForGate(tally, nullShare, policy)];
  });
}

/**
 * Pairs after which the interval of a ratio would leave the policy's ratio, were the ratio to stay. A ratio below it
 * must also survive the correction for `claims` claims, at worst as the first of them.
 */
export function pairsForClaim(
  { ratio }: Claim,
  policy: Policy,
  claims: number,
): number | undefined {
  const tests = ratio.value < policy.ratio && policy.multiplicity !== "none" ? claims : 1;
  const confidence = 1 - (1 - policy.confidence) / tests;
  const needed = pairsToDecideRatio(
    { ...ratio, threshold: policy.ratio },
    { confidence, power: POWER },
  );
  return limit(needed, ratio.n);
}

/** The largest of several needs; absent when one of them has no number, or there is none. */
export function largestNeed(needs: readonly (number | undefined)[]): number | undefined {
  const known = needs.filter((need) => need !== undefined);
  return known.length === 0 || known.length < needs.length ? undefined : Math.max(...known);
}
