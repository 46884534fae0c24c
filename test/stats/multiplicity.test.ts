import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/multiplicity.json" with { type: "json" };
import { benjaminiHochberg, holm, uncorrected } from "../../src/stats/multiplicity.js";
import { stream } from "../../src/stats/stream.js";

const EXACT = 1e-15; // one product and one comparison
const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
const methods = { holm, benjaminiHochberg, uncorrected };

describe.each(Object.entries(methods))("%s", (_name, adjust) => {
  it("never lowers a p-value, never passes 1 and keeps their order", () => {
    fc.assert(
      fc.property(pValues, (ps) => {
        const adjusted = adjust(ps);
        expect(adjusted).toHaveLength(ps.length);
        ps.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p - EXACT);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          ps.forEach((q, j) => {
            if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
      }),
    );
  });

  it("does not depend on the order of the claims", () => {
    fc.assert(
      fc.property(pValues, (ps) => {
        expect([...adjust([...ps].reverse())].reverse()).toEqual(adjust(ps));
      }),
    );
  });

  it("refuses what is no p-value, naming the claim", () => {
    expect(() => adjust([0.1, Number.NaN])).toThrow("p-value NaN of claim 1");
    expect(() => adjust([1.1])).toThrow("p-value 1.1 of claim 0");
  });
});

it.each(reference.cases)("Holm and Benjamini–Hochberg agree with statsmodels on $p", (expected) => {
  const differ = (a: readonly number[], b: readonly number[]): number =>
    Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
  expect(differ(holm(expected.p), expected.holm)).toBeLessThan(EXACT);
  expect(differ(benjaminiHochberg(expected.p), expected.benjaminiHochberg)).toBeLessThan(EXACT);
});

it("Holm keeps the chance of any false claim at 5 %, which uncorrected claims do not", () => {
  const rng = stream(2, "family");
  const runs = 4000;
  const anyClaim = { holm: 0, uncorrected: 0 };
  for (let run = 0; run < runs; run++) {
    const ps = Array.from({ length: 20 }, () => rng.next());
    anyClaim.holm += holm(ps).some((p) => p <= 0.05) ? 1 : 0;
    anyClaim.uncorrected += uncorrected(ps).some((p) => p <= 0.05) ? 1 : 0;
  }
  expect(anyClaim.holm / runs).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
  // 1 − .95²⁰ = .64: the planted fault is plain to see
  expect(anyClaim.uncorrected / runs).toBeGreaterThan(0.6);
});
