import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/equivalence.json" with { type: "json" };
import { testEquivalence, type Equivalence } from "../../src/stats/equivalence.js";
import { mcnemar } from "../../src/stats/mcnemar.js";
import { normalCdf } from "../../src/stats/normal.js";
import { pairedDifferenceInterval, pairedScore } from "../../src/stats/paired-score.js";
import type { Discordance } from "../../src/stats/pairs.js";
import { stream } from "../../src/stats/stream.js";
import { drawDiscordance, rowsOf, threeErrors } from "./simulate.js";

// absolute: the reference's root finders stop at 1e-13
const ENDS = 1e-12;
// relative: a tail at 9 standard errors magnifies 1e-14 of the score by 9² = 81, and the reference's edge of 1e-14 by more
const TAIL = 1e-10;

type Found = Extract<Equivalence, { kind: "value" }>;

// simulations meet the same few hundred counts again and again
const known = new Map<string, Found>();

function test(counts: Discordance, margin = 0.05, confidence = 0.95): Found {
  const key = [counts.onlyA, counts.onlyB, counts.n, margin, confidence].join();
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = testEquivalence(rowsOf(counts), { margin, confidence });
  if (found.kind === "undefined") throw new Error(found.reason);
  known.set(key, found);
  return found;
}

function differ(found: number, expected: number): number {
  return Math.abs(found - expected) / expected;
}

const counts = fc
  .record({
    onlyA: fc.nat({ max: 40 }),
    onlyB: fc.nat({ max: 40 }),
    agreed: fc.integer({ min: 1, max: 200 }),
  })
  .map(({ onlyA, onlyB, agreed }): Discordance => ({ onlyA, onlyB, n: onlyA + onlyB + agreed }));

describe("the score of a paired difference", () => {
  it("is McNemar's z at no difference, and falls as the difference rises", () => {
    fc.assert(
      fc.property(counts, (found) => {
        const { onlyA, onlyB } = found;
        const z = onlyA === onlyB ? 0 : (onlyA - onlyB) / Math.sqrt(onlyA + onlyB);
        expect(Math.abs(pairedScore(found, 0) - z)).toBeLessThan(ENDS);
        const grid = [-0.9, -0.5, -0.2, -0.05, 0, 0.05, 0.2, 0.5, 0.9];
        const scores = grid.map((d) => pairedScore(found, d));
        expect([...scores].sort((x, y) => y - x)).toEqual(scores);
      }),
    );
  });

  it("changes its sign when the rows change places", () => {
    fc.assert(
      fc.property(counts, fc.double({ min: -0.9, max: 0.9, noNaN: true }), (found, d) => {
        const swapped = { ...found, onlyA: found.onlyB, onlyB: found.onlyA };
        expect(pairedScore(found, d) + pairedScore(swapped, -d)).toBe(0);
      }),
    );
  });

  it("refuses a difference that no rates have, and no trials", () => {
    expect(() => pairedScore({ onlyA: 0, onlyB: 0, n: 9 }, 1)).toThrow("difference of 1");
    expect(() => pairedScore({ onlyA: 0, onlyB: 0, n: 0 }, 0)).toThrow("no trials");
    expect(() => pairedDifferenceInterval({ onlyA: 0, onlyB: 0, n: 9 }, 0.5)).toThrow(
      "confidence 0.5",
    );
  });
});

describe("the test of equivalence", () => {
  it.each(reference.cases)(
    "agrees with the likelihood maximised by SciPy: $onlyA, $onlyB of $n at $margin",
    ({ margin, confidence, ...expected }) => {
      const found = test(expected, margin, confidence);
      expect(Math.abs(found.low - expected.low)).toBeLessThan(ENDS);
      expect(Math.abs(found.high - expected.high)).toBeLessThan(ENDS);
      expect(differ(found.pLower, expected.pLower)).toBeLessThan(TAIL);
      expect(differ(found.pUpper, expected.pUpper)).toBeLessThan(TAIL);
    },
  );

  it("claims what its interval shows: both ends within the margin, or the lower one", () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 0.5, noNaN: true }), (found, margin) => {
        const { low, high, p, pLower, pUpper, ...claims } = test(found, margin);
        // ends on the margin to the last digits may fall either way
        fc.pre(Math.abs(high - margin) > ENDS && Math.abs(low + margin) > ENDS);
        expect(claims.isEquivalent).toBe(-margin < low && high < margin);
        expect(claims.isNonInferior).toBe(-margin < low);
        expect(p).toBe(Math.max(pLower, pUpper));
      }),
    );
  });

  it("mirrors when the rows change places", () => {
    fc.assert(
      fc.property(counts, (found) => {
        const here = test(found);
        const there = test({ ...found, onlyA: found.onlyB, onlyB: found.onlyA });
        expect(Math.abs(here.low + there.high)).toBeLessThan(ENDS);
        expect(Math.abs(here.pLower - there.pUpper)).toBeLessThan(ENDS);
      }),
    );
  });

  it("does not call agreement on every trial certainty: 51 pairs are too few for .05, 52 suffice", () => {
    // z = √(n·δ/(1 − δ)) > 1.645 from n = 2.706·.95/.05 = 51.4 on
    expect(test({ onlyA: 0, onlyB: 0, n: 51 }).isEquivalent).toBe(false);
    expect(test({ onlyA: 0, onlyB: 0, n: 52 }).isEquivalent).toBe(true);
  });

  it("is undefined, with a reason, without trials, and refuses a margin that is none", () => {
    const options = { margin: 0.05, confidence: 0.95 };
    expect(testEquivalence({ a: "", b: "" }, options)).toEqual({
      kind: "undefined",
      reason: "no trials",
    });
    expect(() => testEquivalence({ a: "1", b: "1" }, { ...options, margin: 0 })).toThrow(
      "margin 0",
    );
    expect(() => testEquivalence({ a: "1", b: "11" }, options)).toThrow("paired rows of 1 and 2");
  });
});

describe("calibration of the test of equivalence", () => {
  const [RUNS, N] = [3000, 300];
  /** A score is normal but for skew of order 1/√n: at the margins below it leaves .006 of the level. */
  const SKEW = 0.006;
  const simulate = (
    seed: number,
    chances: { onlyA: number; onlyB: number },
    n = N,
  ): Discordance[] => {
    const rng = stream(seed, "equivalence");
    return Array.from({ length: RUNS }, () => drawDiscordance(rng, n, chances));
  };
  const share = (claims: readonly boolean[]): number =>
    claims.filter((claim) => claim).length / claims.length;
  // a lies below b by exactly the margin
  const atMargin = simulate(51, { onlyA: 0.03, onlyB: 0.13 });
  const rare = simulate(52, { onlyA: 0.002, onlyB: 0.052 });

  it("keeps its level at the margin, where rows often disagree and where they seldom do", () => {
    const bound = 0.05 + threeErrors(0.05, RUNS) + SKEW;
    expect(share(atMargin.map((c) => test(c, 0.1).isEquivalent))).toBeLessThan(bound);
    expect(share(atMargin.map((c) => test(c, 0.1).isNonInferior))).toBeLessThan(bound);
    expect(share(rare.map((c) => test(c).isEquivalent))).toBeLessThan(bound);
  });

  it("each half is uniform at the margin, up to one step of the counts", () => {
    const ps = atMargin.map((c) => test(c, 0.1).pLower);
    // atoms: the difference takes steps of 1/N at √(.16 − .01)·√N = 6.7 of spread: at most .06 each
    const step = 0.06;
    for (const level of [0.05, 0.25, 0.5, 0.75, 0.95]) {
      const found = share(ps.map((p) => p <= level));
      expect(Math.abs(found - level)).toBeLessThan(threeErrors(level, RUNS) + step);
    }
  });

  it("each end of the interval covers the difference 95 % of the time", () => {
    const covered = share(atMargin.map((c) => test(c, 0.1).low <= -0.1));
    expect(Math.abs(covered - 0.95)).toBeLessThan(threeErrors(0.95, RUNS) + SKEW);
    const high = share(atMargin.map((c) => test(c, 0.1).high >= -0.1));
    expect(Math.abs(high - 0.95)).toBeLessThan(threeErrors(0.95, RUNS) + SKEW);
  });

  it("claims equivalence nearly always where the rates are equal and disagreement is rare", () => {
    // ends at 1.645·√(.04/300) = .019 of 0: the margin of .05 is 4.3 errors away
    const equal = simulate(53, { onlyA: 0.02, onlyB: 0.02 });
    expect(share(equal.map((c) => test(c).isEquivalent))).toBeGreaterThan(0.95);
  });

  it("catches a difference test that found nothing passed off as equivalence (planted fault)", () => {
    const small = simulate(54, { onlyA: 0.03, onlyB: 0.13 }, 60);
    const silent = share(
      small.map((c) => {
        const { a, b } = rowsOf(c);
        return mcnemar(a, b).p > 0.05;
      }),
    );
    expect(silent).toBeGreaterThan(0.5);
    expect(share(small.map((c) => test(c, 0.1).isEquivalent))).toBeLessThan(0.05);
  });

  it("catches a plain standard error, which is 0 where rows agree everywhere (planted fault)", () => {
    const plain = ({ onlyA, onlyB, n }: Discordance): boolean => {
      const difference = (onlyA - onlyB) / n;
      const error = Math.sqrt(((onlyA + onlyB) / n - difference ** 2) / (n - 1));
      return normalCdf((0.05 - Math.abs(difference)) / error) > 0.95;
    };
    const short = simulate(56, { onlyA: 0, onlyB: 0.05 }, 60);
    const bound = 0.05 + threeErrors(0.05, RUNS) + SKEW;
    expect(share(short.map(plain))).toBeGreaterThan(bound);
    expect(share(short.map((c) => test(c).isEquivalent))).toBeLessThan(bound);
  });
});
