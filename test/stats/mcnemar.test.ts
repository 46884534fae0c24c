import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/mcnemar.json" with { type: "json" };
import { binomialMass } from "../../src/stats/binomial.js";
import { mcnemar, type McNemar } from "../../src/stats/mcnemar.js";
import { stream } from "../../src/stats/stream.js";
import { drawDiscordance, rowsOf, threeErrors } from "./simulate.js";

// relative: binomial tails err by 1e-13
const RELATIVE = 1e-12;

const counts = fc.record({
  onlyA: fc.nat({ max: 60 }),
  onlyB: fc.nat({ max: 60 }),
  agreed: fc.nat({ max: 60 }),
});

function test(onlyA: number, onlyB: number, agreed = 0): McNemar {
  const { a, b } = rowsOf({ onlyA, onlyB, n: onlyA + onlyB + agreed });
  return mcnemar(a, b);
}

function differ(found: number, expected: number): number {
  return Math.abs(found - expected) / expected;
}

/** Chance of p ≤ level where the rates are equal and rows disagree on `count` trials: every outcome weighted. */
function size(count: number, level: number, p: (found: McNemar) => number): number {
  return Array.from({ length: count + 1 }, (_, onlyA) =>
    p(test(onlyA, count - onlyA)) <= level ? binomialMass(onlyA, { n: count, p: 0.5 }) : 0,
  ).reduce((a, b) => a + b, 0);
}

const LEVELS = [0.01, 0.05, 0.1, 0.25, 0.5];

describe("McNemar's exact test", () => {
  it.each(reference.cases)(
    "agrees with statsmodels and SciPy: $onlyA against $onlyB of $n",
    ({ onlyA, onlyB, n, ...expected }) => {
      const found = test(onlyA, onlyB, n - onlyA - onlyB);
      expect(found).toMatchObject({ onlyA, onlyB, n });
      expect(differ(found.p, expected.p)).toBeLessThan(RELATIVE);
      expect(differ(found.pAbove, expected.pAbove)).toBeLessThan(RELATIVE);
      expect(differ(found.pBelow, expected.pBelow)).toBeLessThan(RELATIVE);
    },
  );

  it("gives fractions done by hand", () => {
    // 5 against 0: all heads or all tails of five coins
    expect(differ(test(5, 0).p, 2 / 32)).toBeLessThan(RELATIVE);
    expect(differ(test(5, 0).pAbove, 1 / 32)).toBeLessThan(RELATIVE);
    expect(test(5, 0).pBelow).toBe(1);
    expect(test(3, 3).p).toBe(1);
    expect(test(0, 0, 9)).toEqual({ onlyA: 0, onlyB: 0, n: 9, p: 1, pAbove: 1, pBelow: 1 });
  });

  it("does not mind which row is first, nor trials on which both agree", () => {
    fc.assert(
      fc.property(counts, ({ onlyA, onlyB, agreed }) => {
        const found = test(onlyA, onlyB, agreed);
        const swapped = test(onlyB, onlyA);
        expect(swapped.p).toBe(found.p);
        expect(swapped.pAbove).toBe(found.pBelow);
      }),
    );
  });

  it("counts discordant trials wherever they stand", () => {
    expect(mcnemar("110100", "101100")).toMatchObject({ onlyA: 1, onlyB: 1, n: 6 });
    expect(mcnemar("", "")).toMatchObject({ n: 0, p: 1 });
  });

  it("refuses rows of unequal length and what is no outcome", () => {
    expect(() => mcnemar("11", "1")).toThrow("paired rows of 2 and 1 trials");
    expect(() => mcnemar("1x", "11")).toThrow('outcome "x" of trial 1');
  });
});

describe("calibration of McNemar's test", () => {
  it("its p-values are at least uniform under equal rates, with every outcome weighted", () => {
    for (const count of [1, 6, 17, 40]) {
      for (const level of LEVELS) {
        expect(size(count, level, ({ p }) => p)).toBeLessThanOrEqual(level + RELATIVE);
        expect(size(count, level, ({ pAbove }) => pAbove)).toBeLessThanOrEqual(level + RELATIVE);
      }
    }
  });

  it("catches one tail passed off as two, and p of beyond instead of at least (planted faults)", () => {
    expect(size(40, 0.05, ({ pAbove, pBelow }) => Math.min(pAbove, pBelow))).toBeGreaterThan(0.05);
    const beyond = ({ p, onlyA, n }: McNemar): number => p - 2 * binomialMass(onlyA, { n, p: 0.5 });
    expect(size(40, 0.05, beyond)).toBeGreaterThan(0.05);
  });

  it("holds its level on simulated rows, and finds a difference that is there", () => {
    const runs = 1000;
    const rng = stream(41, "mcnemar");
    const rejections = (chances: { onlyA: number; onlyB: number }): number => {
      let rejected = 0;
      for (let run = 0; run < runs; run++) {
        const { a, b } = rowsOf(drawDiscordance(rng, 300, chances));
        rejected += mcnemar(a, b).p <= 0.05 ? 1 : 0;
      }
      return rejected / runs;
    };
    expect(rejections({ onlyA: 0.08, onlyB: 0.08 })).toBeLessThan(0.05 + threeErrors(0.05, runs));
    // 48 discordant trials, 40 against 8 expected: beyond 4 standard errors
    expect(rejections({ onlyA: 0.13, onlyB: 0.03 })).toBeGreaterThan(0.95);
  });
});
