import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerTail, upperTail } from "../../src/stats/binomial.js";
import { wilson } from "../../src/stats/intervals.js";
import { normalQuantile } from "../../src/stats/normal.js";
import { pairsToDecideRate, pairsToDecideRatio, type Decisiveness } from "../../src/stats/power.js";
import { pairedRatio } from "../../src/stats/ratio.js";
import { stream } from "../../src/stats/stream.js";
import { drawRows, threeErrors } from "./simulate.js";

// what is promised: the share of decisions is the power asked for, within
const NEAR = 0.05;
const USUAL: Decisiveness = { confidence: 0.95, power: 0.8 };

function whole(n: number | undefined): number {
  if (n === undefined) throw new Error("no number decides");
  return n;
}

/** Chance that Wilson's interval of n trials leaves the threshold on the side of the rate: every outcome weighted. */
function decidesRate(n: number, share: number, threshold: number): number {
  const leaves = (hits: number): boolean => {
    const found = wilson({ hits, n }, 0.95);
    if (found.kind === "undefined") return false;
    return share < threshold ? found.high < threshold : found.low > threshold;
  };
  const decisive = Array.from({ length: n + 1 }, (_, hits) => hits).filter(leaves);
  if (decisive.length === 0) return 0;
  return share < threshold
    ? lowerTail(Math.max(...decisive), { n, p: share })
    : upperTail(Math.min(...decisive), { n, p: share });
}

describe("pairs that decide a rate", () => {
  it.each([
    [0.3, 0.2],
    [0.24, 0.2],
    [0.7, 0.8],
    [0.97, 0.9],
    [0.1, 0.2],
    [0.6, 0.5],
  ])("at %f against %f decide with power .8, every outcome weighted", (share, threshold) => {
    const n = whole(pairsToDecideRate({ share, threshold }, USUAL));
    // a count takes steps: averaged over a tenth of n on either side
    const powers = Array.from({ length: 21 }, (_, i) =>
      decidesRate(Math.round(n * (0.9 + i / 100)), share, threshold),
    );
    const mean = powers.reduce((a, b) => a + b, 0) / powers.length;
    expect(Math.abs(mean - 0.8)).toBeLessThan(NEAR);
  });

  it("catches a formula without the share of the power: it decides half of the time (planted fault)", () => {
    const n = whole(pairsToDecideRate({ share: 0.3, threshold: 0.2 }, { ...USUAL, power: 0.5 }));
    expect(decidesRate(n, 0.3, 0.2)).toBeLessThan(0.8 - NEAR);
    expect(Math.abs(decidesRate(n, 0.3, 0.2) - 0.5)).toBeLessThan(2 * NEAR);
  });

  it("has the closed form by hand: 1.96 + .84 errors of a rate near ½ at a distance of .1", () => {
    // (1.959964·.5 + .841621·√.24)² / .01 = 193.9
    expect(pairsToDecideRate({ share: 0.6, threshold: 0.5 }, USUAL)).toBe(194);
  });

  it("is undefined on the threshold, and refuses what is no share", () => {
    expect(pairsToDecideRate({ share: 0.2, threshold: 0.2 }, USUAL)).toBeUndefined();
    expect(() => pairsToDecideRate({ share: 1.2, threshold: 0.2 }, USUAL)).toThrow("rate 1.2");
    expect(() => pairsToDecideRate({ share: 0.1, threshold: 0.2 }, { ...USUAL, power: 1 })).toThrow(
      "power 1",
    );
  });
});

describe("pairs that decide a ratio", () => {
  it.each([
    { rates: [0.66, 0.9, 0.1], truth: 0.7 },
    { rates: [0.86, 0.9, 0.3], truth: 14 / 15 },
    { rates: [0.5, 0.9, 0.1], truth: 0.5 },
  ])("of $truth against .8 decide with power .8 on simulated rows", ({ rates, truth }) => {
    const rng = stream(71, "ratio power");
    const estimate = (n: number): Extract<ReturnType<typeof pairedRatio>, { kind: "value" }> => {
      const [cross = "", within = "", control = ""] = drawRows(rng, n, rates);
      const found = pairedRatio({ cross, within, null: control }, 0.95);
      if (found.kind === "undefined") throw new Error(found.reason);
      return found;
    };
    // the spread of these rates, from more rows than chance can touch; the value is the truth
    const { standardError, n: many } = estimate(40_000);
    const n = whole(
      pairsToDecideRatio({ value: truth, standardError, n: many, threshold: 0.8 }, USUAL),
    );
    const runs = 600;
    let decided = 0;
    for (let run = 0; run < runs; run++) {
      const { low, high } = estimate(n);
      decided += (truth < 0.8 ? high < 0.8 : low > 0.8) ? 1 : 0;
    }
    expect(Math.abs(decided / runs - 0.8)).toBeLessThan(NEAR + threeErrors(0.8, runs));
  });

  it("grow with the square of error over distance", () => {
    const at = (standardError: number, threshold: number): number =>
      whole(pairsToDecideRatio({ value: 0.9, standardError, n: 300, threshold }, USUAL));
    const z = normalQuantile(0.95) + normalQuantile(0.8);
    expect(at(0.05, 0.8)).toBe(Math.ceil(300 * z * z * 0.25));
    expect(Math.abs(at(0.1, 0.8) / at(0.05, 0.8) - 4)).toBeLessThan(0.01);
    expect(Math.abs(at(0.05, 0.7) / at(0.05, 0.8) - 0.25)).toBeLessThan(0.01);
  });

  it("are undefined on the threshold, and refused without a spread", () => {
    const ratio = { value: 0.8, standardError: 0.1, n: 300, threshold: 0.8 };
    expect(pairsToDecideRatio(ratio, USUAL)).toBeUndefined();
    expect(() => pairsToDecideRatio({ ...ratio, standardError: 0 }, USUAL)).toThrow("0.8 ± 0");
    expect(() => pairsToDecideRatio({ ...ratio, value: Number.NaN }, USUAL)).toThrow("ratio NaN");
  });
});

it("more power, more confidence and a smaller distance take more pairs", () => {
  const share = fc.double({ min: 0.05, max: 0.45, noNaN: true });
  fc.assert(
    fc.property(share, share, (rate, gap) => {
      fc.pre(gap > 0.02);
      const at = (distance: number, decisiveness: Decisiveness): number =>
        whole(pairsToDecideRate({ share: rate, threshold: rate + distance }, decisiveness));
      expect(at(gap, { ...USUAL, power: 0.9 })).toBeGreaterThanOrEqual(at(gap, USUAL));
      expect(at(gap, { ...USUAL, confidence: 0.99 })).toBeGreaterThanOrEqual(at(gap, USUAL));
      expect(at(gap / 2, USUAL)).toBeGreaterThanOrEqual(at(gap, USUAL));
    }),
  );
});
