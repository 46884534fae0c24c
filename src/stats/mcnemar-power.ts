/**
 * @file How many pairs McNemar's exact test needs. Pairs count as independent; where several share an item, more are
 * needed.
 */
import { invariant } from "../errors.js";
import { binomialMass, lowerTail, upperTail } from "./binomial.js";
import { deviationsToDecide, type Decisiveness } from "./power.js";

/** Shares of all pairs on which only one row hits. */
export interface DiscordantShares {
  readonly onlyA: number;
  readonly onlyB: number;
}

// counts of discordant pairs less likely than this are left out of the power: all of them together stay below 1e-7
const NEGLIGIBLE = 1e-12;
// beyond this the normal approximation asks for at most 1 % more pairs than the exact power
const EXACT_UP_TO = 20_000;

function check({ onlyA, onlyB }: DiscordantShares): void {
  const areShares = onlyA >= 0 && onlyB >= 0 && onlyA + onlyB <= 1;
  invariant(areShares, `disagreement ${onlyA} and ${onlyB}: expected shares of all pairs`);
}

/**
 * Chance that McNemar's exact two-sided test of `n` pairs finds the rates different: every count of discordant pairs
 * and every split of it weighted.
 *
 * @param confidence - share; the test rejects where p ≤ 1 − confidence.
 * @throws {@link InvariantError} when the shares are not 0 to 1 together, or n is no whole number.
 */
export function mcnemarPower(n: number, shares: DiscordantShares, confidence: number): number {
  check(shares);
  const both = shares.onlyA + shares.onlyB;
  const level = (1 - confidence) / 2;
  // fewest hits of one row among the discordant pairs that reject; rises by at most 1 with their number
  let critical = 0;
  let power = 0;
  for (let discordant = 0; discordant <= n; discordant++) {
    const weight = binomialMass(discordant, { n, p: both });
    if (weight < NEGLIGIBLE) continue;
    critical = Math.max(critical, Math.ceil(discordant / 2));
    while (critical <= discordant && upperTail(critical, { n: discordant, p: 0.5 }) > level) {
      critical++;
    }
    const split = { n: discordant, p: shares.onlyA / both };
    power += weight * (upperTail(critical, split) + lowerTail(discordant - critical, split));
  }
  return power;
}

/**
 * Pairs that a normal approximation asks for, with d = |onlyA − onlyB| and s = onlyA + onlyB:
 * n₀ = (z_α·√s + z_power·√(s − d²))² / d², then n₀/4·(1 + √(1 + 4/(n₀·d)))² for the steps of an exact test.
 * Source: Connor, R. J. (1987), Biometrics 43, 207–211; correction as in Fleiss et al. (2003), 2.5.1.
 */
function approximatePairs({ onlyA, onlyB }: DiscordantShares, decisiveness: Decisiveness): number {
  const { alpha, beta } = deviationsToDecide(decisiveness);
  const both = onlyA + onlyB;
  const gap = Math.abs(onlyA - onlyB);
  const root = (alpha * Math.sqrt(both) + beta * Math.sqrt(both - gap * gap)) / gap;
  const smooth = root * root;
  return Math.ceil((smooth / 4) * (1 + Math.sqrt(1 + 4 / (smooth * gap))) ** 2);
}

/**
 * Pairs after which McNemar's exact two-sided test finds the rates different; undefined where they are equal.
 * The number has the power asked for, one pair fewer has not; beyond 20,000 pairs a normal approximation.
 *
 * @throws {@link InvariantError} when the shares are not 0 to 1 together, or confidence or power not in (0, 1).
 */
export function pairsToDecideMcNemar(
  shares: DiscordantShares,
  decisiveness: Decisiveness,
): number | undefined {
  check(shares);
  if (shares.onlyA === shares.onlyB) return undefined;
  const { confidence, power } = decisiveness;
  const start = approximatePairs(shares, decisiveness);
  if (start > EXACT_UP_TO) return start;
  const isEnough = (n: number): boolean => mcnemarPower(n, shares, confidence) >= power;
  let enough = start;
  while (!isEnough(enough)) enough *= 2;
  let tooFew = 0;
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}
