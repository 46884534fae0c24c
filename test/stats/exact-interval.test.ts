import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/exact.json" with { type: "json" };
import { binomialMass, lowerTail, upperTail } from "../../src/stats/binomial.js";
import { exactInterval } from "../../src/stats/exact-interval.js";
import { wilson, type Interval, type Tally } from "../../src/stats/intervals.js";
import { stream } from "../../src/stats/stream.js";
import { drawHits, threeErrors } from "./simulate.js";

// relative: the tail errs by 1e-13 and its slope is that of a power of p; both programs share the error
const RELATIVE = 1e-11;

const tallies = fc
  .integer({ min: 1, max: 1000 })
  .chain((n) => fc.integer({ min: 0, max: n }).map((hits): Tally => ({ hits, n })));

type Ends = Extract<Interval, { kind: "value" }>;

function ends(found: Interval): Ends {
  if (found.kind === "undefined") throw new Error(found.reason);
  return found;
}

const exact = (tally: Tally, confidence = 0.95): Ends => ends(exactInterval(tally, confidence));

function differ(found: number, expected: number): number {
  return found === expected ? 0 : Math.abs(found - expected) / Math.abs(expected);
}

/** Chance that an interval of n trials holds the true rate: every outcome weighted, no simulation. */
function coverage(interval: (tally: Tally) => Ends, n: number): (rate: number) => number {
  const found = Array.from({ length: n + 1 }, (_, hits) => interval({ hits, n }));
  return (rate) =>
    found.reduce(
      (sum, { low, high }, hits) =>
        low <= rate && rate <= high ? sum + binomialMass(hits, { n, p: rate }) : sum,
      0,
    );
}

const RATES = Array.from({ length: 499 }, (_, i) => (i + 1) / 500);

describe("the exact interval", () => {
  it.each(reference.cases)(
    "agrees with statsmodels for $hits of $n at $confidence",
    ({ confidence, low, high, ...tally }) => {
      const found = exact(tally, confidence);
      expect(differ(found.low, low)).toBeLessThan(RELATIVE);
      expect(differ(found.high, high)).toBeLessThan(RELATIVE);
    },
  );

  it("leaves (1 − confidence)/2 in the tail beyond each end", () => {
    fc.assert(
      fc.property(tallies, ({ hits, n }) => {
        const { low, high } = exact({ hits, n });
        if (hits > 0) expect(differ(upperTail(hits, { n, p: low }), 0.025)).toBeLessThan(RELATIVE);
        if (hits < n) expect(differ(lowerTail(hits, { n, p: high }), 0.025)).toBeLessThan(RELATIVE);
      }),
      { numRuns: 50 },
    );
  });

  it("mirrors when hits and misses change places", () => {
    fc.assert(
      fc.property(tallies, ({ hits, n }) => {
        const mirrored = exact({ hits: n - hits, n });
        // both ends near 1: absolute
        expect(Math.abs(exact({ hits, n }).low - (1 - mirrored.high))).toBeLessThan(RELATIVE);
      }),
      { numRuns: 50 },
    );
  });

  it("has the closed form 1 − (α/2)^(1/n) at no hits", () => {
    for (const n of [1, 2, 60, 1000]) {
      const { low, high } = exact({ hits: 0, n });
      expect(low).toBe(0);
      expect(differ(high, -Math.expm1(Math.log(0.025) / n))).toBeLessThan(RELATIVE);
      expect(exact({ hits: n, n }).high).toBe(1);
    }
  });

  it("is undefined, with a reason, without trials, and refuses what cannot be", () => {
    expect(exactInterval({ hits: 0, n: 0 }, 0.95)).toEqual({
      kind: "undefined",
      reason: "no trials",
    });
    expect(() => exactInterval({ hits: 3, n: 2 }, 0.95)).toThrow("expected whole numbers");
    expect(() => exactInterval({ hits: 1, n: 2 }, 1)).toThrow("confidence 1");
  });
});

describe("coverage, with every outcome weighted", () => {
  const n = 60;

  it("of the exact interval is never below 95 %", () => {
    const lowest = Math.min(...RATES.map(coverage(exact, n)));
    expect(lowest).toBeGreaterThanOrEqual(0.95);
  });

  it("of Wilson's dips below it at some rates, and is right on average", () => {
    const shares = RATES.map(coverage((tally) => ends(wilson(tally, 0.95)), n));
    expect(Math.min(...shares)).toBeLessThan(0.95);
    // the mean over rates errs by the interval's own bias, of order 1/n
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    expect(Math.abs(mean - 0.95)).toBeLessThan(1 / n);
  });

  it("catches 5 % in each tail instead of both together (planted fault)", () => {
    const lowest = Math.min(...RATES.map(coverage((tally) => exact(tally, 0.9), n)));
    expect(lowest).toBeLessThan(0.95);
  });
});

it("covers the truth at least 95 % of the time in a simulation of random rates", () => {
  const [runs, n] = [2000, 200];
  const rng = stream(31, "exact coverage");
  const table = (confidence: number): Ends[] =>
    Array.from({ length: n + 1 }, (_, hits) => exact({ hits, n }, confidence));
  const [right, faulty] = [table(0.95), table(0.9)];
  const holds = ({ low, high }: Ends, rate: number): number =>
    low <= rate && rate <= high ? 1 : 0;
  let [covered, tight] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const rate = rng.next();
    const hits = drawHits(rng, n, rate);
    covered += holds(right[hits]!, rate);
    tight += holds(faulty[hits]!, rate);
  }
  expect(covered / runs).toBeGreaterThan(0.95 - threeErrors(0.95, runs));
  // planted fault: the same check fails for an interval at the wrong level
  expect(tight / runs).toBeLessThan(0.95 - threeErrors(0.95, runs));
});
