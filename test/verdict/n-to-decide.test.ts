import { describe, expect, it } from "vitest";
import type { Trials } from "../../src/measure/measures.js";
import { countHits } from "../../src/stats/hits.js";
import { pairedRatio } from "../../src/stats/ratio.js";
import { stream } from "../../src/stats/stream.js";
import type { Claim } from "../../src/verdict/claims.js";
import { compareWithNull } from "../../src/verdict/gates.js";
import { largestNeed, pairsForClaim, pairsForSide } from "../../src/verdict/n-to-decide.js";
import { DEFAULT_POLICY } from "../../src/verdict/policy.js";
import { drawHits, drawRows, threeErrors } from "../stats/simulate.js";
import { all, GOOD, plantCell } from "./planted.js";

const RUNS = 600;
// four times out of five, up to the simulation and the .05 that a normal approximation is allowed
const BOUND = 0.05 + threeErrors(0.8, RUNS);

/** Trials whose only undecided gate is the tuned model's full swap at this rate; its null is 0. */
function undecided(fullSwap: number, n = 100): Trials {
  const rates = { ...GOOD, n, fullSwap: { ...all(0.98), "tuned→tuned": fullSwap } };
  return plantCell(rates).trials[0]!;
}

function claim(rates: readonly number[], n: number, seed: number): Claim {
  const [cross = "", within = "", control = ""] = drawRows(stream(seed, "claim"), n, rates);
  const ratio = pairedRatio({ cross, within, null: control }, DEFAULT_POLICY.confidence);
  if (ratio.kind === "undefined") throw new Error(ratio.reason);
  return { direction: "base→tuned", ratio, p: 1 };
}

describe("pairs that would decide a gate", () => {
  it("decide it four times out of five, were the rate to stay", () => {
    const [n] = pairsForSide(undecided(0.27), "tuned", DEFAULT_POLICY);
    const rng = stream(101, "gate");
    let decided = 0;
    for (let run = 0; run < RUNS; run++) {
      const gate = compareWithNull({ hits: drawHits(rng, n!, 0.27), n: n! }, 0, DEFAULT_POLICY);
      decided += gate === "yes" ? 1 : 0;
    }
    expect(Math.abs(decided / RUNS - 0.8)).toBeLessThan(BOUND);
  });

  it("are none for a decided gate, and no number on the threshold or beyond 100,000", () => {
    expect(pairsForSide(undecided(0.98), "tuned", DEFAULT_POLICY)).toEqual([]);
    expect(pairsForSide(undecided(0.2), "tuned", DEFAULT_POLICY)).toEqual([undefined]);
    expect(pairsForSide(undecided(0.202, 1000), "tuned", DEFAULT_POLICY)).toEqual([undefined]);
  });

  it("are more than were run", () => {
    // an undecided gate however far the rate: with few trials the interval is wide
    const trials = undecided(0.5, 8);
    expect(countHits(trials.fullSwap["tuned→tuned"]!)).toEqual({ hits: 4, n: 8 });
    expect(pairsForSide(trials, "tuned", DEFAULT_POLICY)[0]).toBeGreaterThan(8);
  });
});

describe("pairs that would decide a claim", () => {
  it("decide it four times out of five, were the ratio to stay", () => {
    // .56/.8 = .7
    const rates = [0.66, 0.9, 0.1];
    const wide = claim(rates, 20_000, 1);
    const ratio = {
      ...wide.ratio,
      value: 0.7,
      n: 60,
      standardError: wide.ratio.standardError * Math.sqrt(20_000 / 60),
    };
    const n = pairsForClaim({ ...wide, ratio }, DEFAULT_POLICY, 1);
    let decided = 0;
    for (let run = 0; run < RUNS; run++) {
      decided += claim(rates, n!, 1000 + run).ratio.high < DEFAULT_POLICY.ratio ? 1 : 0;
    }
    expect(Math.abs(decided / RUNS - 0.8)).toBeLessThan(BOUND);
  });

  it("are more where a ratio below must survive many claims, not where it is above", () => {
    const any = claim([0.66, 0.9, 0.1], 300, 2);
    const below = { ...any, ratio: { ...any.ratio, value: 0.7 } };
    const above = { ...any, ratio: { ...any.ratio, value: 0.9 } };
    const need = (c: Claim, claims: number): number => pairsForClaim(c, DEFAULT_POLICY, claims)!;
    expect(need(below, 100)).toBeGreaterThan(need(below, 1));
    expect(need(above, 100)).toBe(need(above, 1));
    expect(pairsForClaim(below, { ...DEFAULT_POLICY, multiplicity: "none" }, 100)).toBe(
      need(below, 1),
    );
  });
});

it("the largest need is none where one of them has no number", () => {
  expect(largestNeed([100, 300])).toBe(300);
  expect(largestNeed([100, undefined])).toBeUndefined();
  expect(largestNeed([])).toBeUndefined();
});
