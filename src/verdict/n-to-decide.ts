/**
 * @file How many pairs would decide what these did not: normal approximations, for planning only.
 */
import type { Side, Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import type { Tally } from "../stats/intervals.js";
import { normalQuantile } from "../stats/normal.js";
import type { Claim } from "./claims.js";
import { findNull, within } from "./figures.js";
import { compareWithNull } from "./gates.js";
import type { Policy } from "./policy.js";

/** Beyond this nobody would run it: the rate lies on its threshold, and the honest answer is that no n decides. */
const MOST_PAIRS = 100_000;

function limit(n: number, present: number): number | undefined {
  const whole = Math.max(Math.ceil(n), present + 1);
  return whole <= MOST_PAIRS ? whole : undefined;
}

/** Pairs after which a rate's interval would leave null + τ, were the rate to stay. */
function pairsForGate(tally: Tally, nullShare: number, policy: Policy): number | undefined {
  const z = normalQuantile((1 + policy.confidence) / 2);
  const gap = tally.hits / tally.n - nullShare - policy.tau;
  // Agresti and Coull's two added hits and misses keep the variance of a rate at 0 or 1 from vanishing
  const share = (tally.hits + 2) / (tally.n + 4);
  return limit((z * z * share * (1 - share)) / (gap * gap), tally.n);
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
  const gap = ratio.value - policy.ratio;
  const tests = gap < 0 && policy.multiplicity !== "none" ? claims : 1;
  const z = normalQuantile(1 - (1 - policy.confidence) / tests);
  return limit(ratio.n * ((z * ratio.standardError) / gap) ** 2, ratio.n);
}

/** The largest of several needs; absent when one of them has no number, or there is none. */
export function largestNeed(needs: readonly (number | undefined)[]): number | undefined {
  const known = needs.filter((need) => need !== undefined);
  return known.length === 0 || known.length < needs.length ? undefined : Math.max(...known);
}
