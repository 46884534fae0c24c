import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/normal.json" with { type: "json" };
import { normalCdf, normalQuantile } from "../../src/stats/normal.js";

// AS 241 promises 1e-16 and adds a few roundings. The lower tail below −3 multiplies the rounding of z²/2 by its size
// (700 at z = −37: 1.5e-13); at −3 it is what .5 minus the series leaves: 1e-16 over .0013, 1e-13.
const QUANTILE_RELATIVE = 2e-15;
const CDF_RELATIVE = 2e-13;

const relativeError = (found: number, expected: number): number =>
  expected === 0 ? Math.abs(found) : Math.abs(found / expected - 1);

describe("the normal distribution", () => {
  it("has a quantile and a tail that undo each other", () => {
    fc.assert(
      fc.property(fc.double({ min: -8, max: 5, noNaN: true }), (z) => {
        const p = normalCdf(z);
        // near 1 the tail has lost digits: an error of 1e-15 in p is 1e-15 / density in z
        const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
        expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-12 + 1e-15 / density);
      }),
    );
  });

  it("is symmetric", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 45, noNaN: true }), (z) => {
        expect(normalCdf(-z) + normalCdf(z)).toBeCloseTo(1, 14);
      }),
    );
  });

  it("rises with z, also where the two forms of the tail meet", () => {
    const zs = Array.from({ length: 2001 }, (_, i) => -7.2 + i * 1e-4);
    const ps = zs.map(normalCdf);
    expect(ps.every((p, i) => i === 0 || p > ps[i - 1]!)).toBe(true);
  });

  it.each(reference.cases.quantile)("agrees with SciPy at the quantile of $p", ({ p, z }) => {
    expect(relativeError(normalQuantile(p), z)).toBeLessThan(QUANTILE_RELATIVE);
  });

  it.each(reference.cases.cdf)("agrees with SciPy below $z", ({ z, p }) => {
    expect(relativeError(normalCdf(z), p)).toBeLessThan(CDF_RELATIVE);
  });

  it("underflows to 0 and refuses what has no answer", () => {
    expect(normalCdf(-Infinity)).toBe(0);
    expect(normalCdf(Infinity)).toBe(1);
    expect(() => normalCdf(Number.NaN)).toThrow("normalCdf(NaN)");
    expect(() => normalQuantile(0)).toThrow("expected 0 < p < 1");
    expect(() => normalQuantile(Number.NaN)).toThrow("expected 0 < p < 1");
  });
});
