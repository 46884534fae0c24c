import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/wilson.json" with { type: "json" };
import { countHits } from "../../src/stats/hits.js";
import { wilson, type Tally } from "../../src/stats/intervals.js";
import { stream } from "../../src/stats/stream.js";

// a dozen roundings of numbers below 1
const EXACT = 1e-14;

const tallies = fc
  .integer({ min: 1, max: 2000 })
  .chain((n) => fc.integer({ min: 0, max: n }).map((hits): Tally => ({ hits, n })));

function ends(tally: Tally, confidence = 0.95): { low: number; high: number } {
  const found = wilson(tally, confidence);
  if (found.kind === "undefined") throw new Error(found.reason);
  return found;
}

describe("Wilson's interval", () => {
  it("holds the rate and stays within 0 and 1", () => {
    fc.assert(
      fc.property(tallies, (tally) => {
        const { low, high } = ends(tally);
        const rate = tally.hits / tally.n;
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(rate);
        expect(high).toBeGreaterThanOrEqual(rate);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("mirrors when hits and misses change places", () => {
    fc.assert(
      fc.property(tallies, ({ hits, n }) => {
        const found = ends({ hits, n });
        const mirrored = ends({ hits: n - hits, n });
        expect(Math.abs(found.low - (1 - mirrored.high))).toBeLessThan(EXACT);
      }),
    );
  });

  it("narrows with more trials at the same rate and widens with confidence", () => {
    const width = (t: Tally, confidence?: number): number => {
      const { low, high } = ends(t, confidence);
      return high - low;
    };
    expect(width({ hits: 90, n: 100 })).toBeGreaterThan(width({ hits: 900, n: 1000 }));
    expect(width({ hits: 90, n: 100 }, 0.99)).toBeGreaterThan(width({ hits: 90, n: 100 }, 0.95));
  });

  it.each(reference.cases)(
    "agrees with statsmodels for $hits of $n at $confidence",
    ({ hits, n, confidence, low, high }) => {
      const found = ends({ hits, n }, confidence);
      expect(Math.abs(found.low - low)).toBeLessThan(EXACT);
      expect(Math.abs(found.high - high)).toBeLessThan(EXACT);
    },
  );

  it("is undefined, with a reason, without trials", () => {
    expect(wilson({ hits: 0, n: 0 }, 0.95)).toEqual({ kind: "undefined", reason: "no trials" });
  });

  it("covers the truth at least 95 % of the time, averaged over rates, within 3 standard errors", () => {
    const draws = stream(11, "coverage");
    const runs = 4000;
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const truth = 0.05 + 0.9 * draws.next();
      let hits = 0;
      for (let i = 0; i < 120; i++) hits += draws.next() < truth ? 1 : 0;
      const { low, high } = ends({ hits, n: 120 });
      covered += low <= truth && truth <= high ? 1 : 0;
    }
    const standardError = Math.sqrt((0.95 * 0.05) / runs);
    expect(Math.abs(covered / runs - 0.95)).toBeLessThan(3 * standardError);
  });

  it("fails that calibration when its ends are pulled in by a tenth (planted fault)", () => {
    // the same simulation, with a fault that a reader would not see in single figures
    const draws = stream(11, "coverage");
    const runs = 4000;
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const truth = 0.05 + 0.9 * draws.next();
      let hits = 0;
      for (let i = 0; i < 120; i++) hits += draws.next() < truth ? 1 : 0;
      const { low, high } = ends({ hits, n: 120 });
      const pull = (high - low) / 20;
      covered += low + pull <= truth && truth <= high - pull ? 1 : 0;
    }
    expect(Math.abs(covered / runs - 0.95)).toBeGreaterThan(3 * Math.sqrt((0.95 * 0.05) / runs));
  });

  it("refuses tallies that cannot be", () => {
    for (const tally of [
      { hits: 3, n: 2 },
      { hits: -1, n: 2 },
      { hits: Number.NaN, n: 2 },
      { hits: 0.5, n: 2 },
    ]) {
      expect(() => wilson(tally, 0.95)).toThrow("expected whole numbers");
    }
  });
});

describe("outcomes of trials", () => {
  it("are counted", () => {
    expect(countHits("01101")).toEqual({ hits: 3, n: 5 });
    expect(countHits("")).toEqual({ hits: 0, n: 0 });
  });

  it("are refused when one is neither hit nor miss, with its place", () => {
    expect(() => countHits("01?1")).toThrow('outcome "?" of trial 2: expected "0" or "1"');
  });
});
