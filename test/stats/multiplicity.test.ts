import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/multiplicity.json" with { type: "json" };
import { benjaminiHochberg, holm, uncorrected } from "../../src/stats/multiplicity.js";
import { normalCdf } from "../../src/stats/normal.js";
import { stream, type Stream } from "../../src/stats/stream.js";
import { threeErrors } from "./simulate.js";

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

describe("error rates by dependence", () => {
  const [RUNS, TESTS] = [2000, 20];
  /** One-sided p-values of normals, the first `shifted` of which lie 3 errors from their null. */
  type Draw = (rng: Stream, shifted: number) => readonly number[];
  const toP = (z: number, i: number, shifted: number): number => normalCdf(i < shifted ? z - 3 : z);
  const each = (z: () => number, shifted: number): readonly number[] =>
    Array.from({ length: TESTS }, (_, i) => toP(z(), i, shifted));
  const independent: Draw = (rng, shifted) => each(() => rng.normal(), shifted);
  const together: Draw = (rng, shifted) => {
    const common = rng.normal();
    // correlation .64 between any two
    return each(() => 0.8 * common + 0.6 * rng.normal(), shifted);
  };
  const opposed: Draw = (rng, shifted) => {
    // neighbours are mirror images: correlation −1
    let last = 0;
    let turn = 0;
    return each(() => (last = turn++ % 2 === 0 ? rng.normal() : -last), shifted);
  };
  const kinds = { independent, together, opposed };

  const drawn = new Map<Draw, Map<number, (readonly number[])[]>>();
  /** The same runs for every method: `[run][test]`. */
  function runsOf(draw: Draw, shifted: number): (readonly number[])[] {
    const known = drawn.get(draw) ?? new Map<number, (readonly number[])[]>();
    drawn.set(draw, known);
    const rng = stream(81, `dependence/${shifted}`);
    const runs = known.get(shifted) ?? Array.from({ length: RUNS }, () => draw(rng, shifted));
    known.set(shifted, runs);
    return runs;
  }

  /** Mean over runs of what `rate` makes of the claims at .05: true where a claim is made. */
  function average(
    runs: readonly (readonly number[])[],
    rate: (claims: readonly boolean[]) => number,
    adjust: (p: readonly number[]) => readonly number[],
  ): number {
    const rates = runs.map((ps) => rate(adjust(ps).map((p) => p <= 0.05)));
    return rates.reduce((sum, x) => sum + x, 0) / RUNS;
  }
  const anyFalse =
    (shifted: number) =>
    (claims: readonly boolean[]): number =>
      claims.slice(shifted).includes(true) ? 1 : 0;
  const falseShare =
    (shifted: number) =>
    (claims: readonly boolean[]): number => {
      const made = claims.filter((claim) => claim).length;
      return made === 0 ? 0 : claims.slice(shifted).filter((claim) => claim).length / made;
    };
  const BOUND = threeErrors(0.05, RUNS);

  it.each(Object.entries(kinds))(
    "Holm: any false claim in at most 5 % of runs, %s",
    (_kind, draw) => {
      for (const shifted of [0, 10]) {
        expect(average(runsOf(draw, shifted), anyFalse(shifted), holm)).toBeLessThan(0.05 + BOUND);
      }
    },
  );

  it.each(Object.entries({ independent, together }))(
    "Benjamini–Hochberg: false share of claims at most 5 % times the share of nulls, %s",
    (_kind, draw) => {
      for (const shifted of [0, 10]) {
        const nulls = 0.05 * (1 - shifted / TESTS);
        const found = average(runsOf(draw, shifted), falseShare(shifted), benjaminiHochberg);
        // a share of claims varies by less than the yes or no of a run with the same mean
        expect(found).toBeLessThan(nulls + threeErrors(nulls, RUNS));
      }
    },
  );

  it("Benjamini–Hochberg is exact where nulls are independent", () => {
    const found = average(runsOf(independent, 10), falseShare(10), benjaminiHochberg);
    expect(Math.abs(found - 0.025)).toBeLessThan(threeErrors(0.025, RUNS));
  });

  it("catches claims left uncorrected, and a false share passed off as no false claim (planted faults)", () => {
    for (const draw of [independent, together, opposed]) {
      expect(average(runsOf(draw, 10), anyFalse(10), uncorrected)).toBeGreaterThan(0.05 + BOUND);
    }
    expect(average(runsOf(independent, 10), anyFalse(10), benjaminiHochberg)).toBeGreaterThan(
      0.05 + BOUND,
    );
    expect(average(runsOf(independent, 10), falseShare(10), uncorrected)).toBeGreaterThan(
      0.025 + BOUND,
    );
  });
});
