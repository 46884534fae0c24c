import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/binomial.json" with { type: "json" };
import { binomialMass, lowerTail, upperTail, type Binomial } from "../../src/stats/binomial.js";

// exp of a sum near 1e3 keeps 1e3 roundings: 2e-13, and SciPy has an error of that size
const RELATIVE = 1e-12;
// a tail and its complement: a few hundred roundings of numbers below 1
const EXACT = 1e-12;

const laws = fc
  .record({ n: fc.integer({ min: 0, max: 400 }), p: fc.double({ min: 0, max: 1, noNaN: true }) })
  .chain((law) => fc.record({ law: fc.constant(law), k: fc.integer({ min: -1, max: law.n + 1 }) }));

function differ(found: number, expected: number): number {
  return found === expected ? 0 : Math.abs(found - expected) / Math.abs(expected);
}

describe("the binomial distribution", () => {
  it.each(reference.cases)("agrees with SciPy at $k of $n, chance $p", (expected) => {
    const { k } = expected;
    expect(differ(binomialMass(k, expected), expected.mass)).toBeLessThan(RELATIVE);
    expect(differ(lowerTail(k, expected), expected.lower)).toBeLessThan(RELATIVE);
    expect(differ(upperTail(k, expected), expected.upper)).toBeLessThan(RELATIVE);
  });

  it("sums to 1", () => {
    fc.assert(
      fc.property(laws, ({ law }) => {
        const masses = Array.from({ length: law.n + 1 }, (_, k) => binomialMass(k, law));
        expect(Math.abs(masses.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(EXACT);
      }),
    );
  });

  it("has tails that meet: k or fewer, or more than k", () => {
    fc.assert(
      fc.property(laws, ({ law, k }) => {
        expect(Math.abs(lowerTail(k, law) + upperTail(k + 1, law) - 1)).toBeLessThan(EXACT);
      }),
    );
  });

  it("has tails that differ by a mass from one step to the next", () => {
    fc.assert(
      fc.property(laws, ({ law, k }) => {
        const step = upperTail(k, law) - upperTail(k + 1, law);
        expect(Math.abs(step - binomialMass(k, law))).toBeLessThan(EXACT);
      }),
    );
  });

  it("gives decimals done by hand", () => {
    const coin: Binomial = { n: 5, p: 0.5 };
    expect([0, 1, 2, 3, 4, 5].map((k) => Math.round(32 * binomialMass(k, coin)))).toEqual([
      1, 5, 10, 10, 5, 1,
    ]);
    expect(differ(upperTail(4, coin), 6 / 32)).toBeLessThan(RELATIVE);
    expect(upperTail(0, { n: 0, p: 0.5 })).toBe(1);
    expect(upperTail(1, { n: 0, p: 0.5 })).toBe(0);
  });

  it("keeps digits in a tail that 1 − the rest would lose", () => {
    // .3¹⁰⁰ = 5.15e-53: far below what is left of 1 after a subtraction
    expect(differ(upperTail(100, { n: 100, p: 0.3 }), 0.3 ** 100)).toBeLessThan(RELATIVE);
  });

  it("catches a tail that begins one count late (planted fault)", () => {
    const late = reference.cases.filter(
      (c) => differ(upperTail(c.k + 1, c), c.upper) > RELATIVE && c.upper > 0,
    );
    expect(late.length).toBeGreaterThan(reference.cases.length / 2);
  });

  it("refuses what is no binomial", () => {
    expect(() => upperTail(1, { n: 2.5, p: 0.5 })).toThrow("binomial of 2.5 trials");
    expect(() => binomialMass(1, { n: 2, p: Number.NaN })).toThrow("with chance NaN");
    expect(() => lowerTail(1, { n: 2, p: 1.5 })).toThrow("binomial of 2 trials");
  });
});
