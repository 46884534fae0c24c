/** @file Two rates on different trials, against SciPy and statsmodels and against what must hold. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/unpaired.json" with { type: "json" };
import type { Tally } from "../../src/stats/intervals.js";
import { fisherExact, unpairedDifferenceInterval } from "../../src/stats/unpaired.js";

// absolute, for ends of an interval: a handful of roundings of numbers up to 1
const ABSOLUTE = 1e-12;
// relative, for p-values: sums of up to a thousand masses, each with 1e-12
const RELATIVE = 1e-9;

const tally = fc
  .integer({ min: 1, max: 200 })
  .chain((n) => fc.record({ hits: fc.nat({ max: n }), n: fc.constant(n) }));

describe("as SciPy and statsmodels say", () => {
  it.each(reference.cases)("$a.hits of $a.n against $b.hits of $b.n", ({ a, b, low, high, p }) => {
    const interval = unpairedDifferenceInterval({ a, b }, 0.95);
    expect(interval.kind).toBe("value");
    if (interval.kind !== "value") return;
    expect(Math.abs(interval.low - low)).toBeLessThan(ABSOLUTE);
    expect(Math.abs(interval.high - high)).toBeLessThan(ABSOLUTE);
    expect(Math.abs(fisherExact({ a, b }) - p)).toBeLessThan(RELATIVE * p);
  });
});

describe("the difference", () => {
  it("lies within its interval, which lies within −1 and 1", () => {
    fc.assert(
      fc.property(tally, tally, (a, b) => {
        const interval = unpairedDifferenceInterval({ a, b }, 0.95);
        if (interval.kind !== "value") throw new Error("there are trials");
        const difference = a.hits / a.n - b.hits / b.n;
        expect(interval.low).toBeLessThanOrEqual(difference + ABSOLUTE);
        expect(interval.high).toBeGreaterThanOrEqual(difference - ABSOLUTE);
        expect(interval.low).toBeGreaterThanOrEqual(-1 - ABSOLUTE);
        expect(interval.high).toBeLessThanOrEqual(1 + ABSOLUTE);
      }),
    );
  });

  it("turns its sign when the rates change places, and so do its ends", () => {
    fc.assert(
      fc.property(tally, tally, (a, b) => {
        const [there, back] = [{ a, b }, { a: b, b: a }].map((each) => unpairedDifferenceInterval(each, 0.95)); // prettier-ignore
        if (there?.kind !== "value" || back?.kind !== "value") throw new Error("there are trials");
        expect(Math.abs(there.low + back.high)).toBeLessThan(ABSOLUTE);
        expect(Math.abs(fisherExact({ a, b }) - fisherExact({ a: b, b: a }))).toBeLessThan(RELATIVE); // prettier-ignore
      }),
    );
  });

  it("has no interval without trials, and no p-value below 1", () => {
    const none: Tally = { hits: 0, n: 0 };
    const some: Tally = { hits: 3, n: 4 };
    expect(unpairedDifferenceInterval({ a: none, b: some }, 0.95)).toEqual({ kind: "undefined", reason: "no trials" }); // prettier-ignore
    expect(unpairedDifferenceInterval({ a: some, b: none }, 0.95)).toEqual({ kind: "undefined", reason: "no trials" }); // prettier-ignore
    expect(fisherExact({ a: none, b: some })).toBe(1);
  });
});

it("p-values are 0 to 1, and 1 for equal rates", () => {
  fc.assert(
    fc.property(tally, tally, (a, b) => {
      const p = fisherExact({ a, b });
      expect(p).toBeGreaterThan(0);
      expect(p).toBeLessThanOrEqual(1);
      expect(Math.abs(fisherExact({ a, b: a }) - 1)).toBeLessThan(RELATIVE);
    }),
  );
});

it("impossible tallies are refused", () => {
  const one: Tally = { hits: 1, n: 1 };
  expect(() => fisherExact({ a: { hits: 2, n: 1 }, b: one })).toThrow("2 hits of 1 trials");
  expect(() => unpairedDifferenceInterval({ a: one, b: one }, 0.5)).toThrow("confidence 0.5");
});
