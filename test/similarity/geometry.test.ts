/** @file CKA, RSA and Procrustes: what they must be blind to, what they must see, and two other programs' numbers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/similarity/reference.json" with { type: "json" };
import { randomSubspace } from "../../src/align/stiefel.js";
import { matrix, multiply, rowRange, takeRows, type Matrix } from "../../src/numeric/matrix.js";
import { cka, ckaName, ckaPairs, type CkaOptions } from "../../src/similarity/cka.js";
import { DISSIMILARITIES, dissimilarities } from "../../src/similarity/dissimilarity.js";
import { fitProcrustes, procrustes } from "../../src/similarity/procrustes.js";
import { COMPARISONS, noiseCeiling, rsa, rsaName } from "../../src/similarity/rsa.js";
import { stream } from "../../src/stats/stream.js";
import { gaussian, pairOfViews } from "./draws.js";
import { EIGHT, halvings } from "../support/halvings.js";

/** Sums of some thousand terms of size 1 in another order: 10⁴ × 2⁻⁵², with room for a quotient of them. */
const ROUNDING = 1e-11;
/** As issued: agreement with an independent program. */
const PEER = 1e-8;

const CKAS: readonly CkaOptions[] = (["linear", "rbf"] as const).flatMap((kernel) =>
  (["debiased", "biased"] as const).map((estimator) => ({ kernel, estimator })),
);

/** `scale · x R + shift` with a random rotation R. */
function moved(x: Matrix, seed: number): Matrix {
  const draw = stream(seed, "moved");
  const turned = multiply(x, randomSubspace(x.cols, x.cols, draw));
  const factor = 0.1 + 5 * draw.next();
  const shift = gaussian(draw, 1, x.cols);
  return matrix(
    x.rows,
    x.cols,
    turned.data.map((value, i) => factor * value + shift.data[i % x.cols]!),
  );
}

/** Mean CKA of two independent Gaussians `[n, 8]`. */
function meansOfGaussians(n: number, count: number): { biased: number; debiased: number } {
  const draw = stream(0, `gaussians/${n}`);
  let [biased, debiased] = [0, 0];
  for (let i = 0; i < count; i++) {
    const [x, y] = [gaussian(draw, n, 8), gaussian(draw, n, 8)];
    biased += cka(x, y, { estimator: "biased" })! / count;
    debiased += cka(x, y)! / count;
  }
  return { biased, debiased };
}

const sizes = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  n: fc.integer({ min: 6, max: 30 }),
  d1: fc.integer({ min: 2, max: 12 }),
  d2: fc.integer({ min: 2, max: 12 }),
});

describe("CKA", () => {
  for (const options of CKAS) {
    it(`${ckaName(options)} of states with themselves, turned, shifted and scaled, is 1`, () => {
      fc.assert(
        fc.property(sizes, (size) => {
          const { x } = pairOfViews(size);
          expect(Math.abs(cka(x, moved(x, size.seed), options)! - 1)).toBeLessThan(ROUNDING);
        }),
        { numRuns: 20 },
      );
    });

    it(`${ckaName(options)} is symmetric and blind to the order of items`, () => {
      fc.assert(
        fc.property(sizes, (size) => {
          const { x, y } = pairOfViews(size);
          const order = stream(size.seed, "order").shuffle([...Array(size.n).keys()]);
          const value = cka(x, y, options)!;
          expect(Math.abs(cka(y, x, options)! - value)).toBeLessThan(ROUNDING);
          const shuffled = cka(takeRows(x, order), takeRows(y, order), options)!;
          expect(Math.abs(shuffled - value)).toBeLessThan(ROUNDING);
        }),
        { numRuns: 20 },
      );
    });
  }

  it("of unrelated Gaussians is about d / (n − 1 + d) when biased, and about 0 when debiased", () => {
    // d = 8, 20 draws: computed elsewhere; MONAI's pull request 9129 prints .198 .114 .056 .029 for a width not stated
    for (const [n, expected] of [
      [32, 0.198],
      [64, 0.107],
      [128, 0.06],
      [256, 0.031],
    ] as const) {
      const { biased, debiased } = meansOfGaussians(n, 20);
      // one draw spreads by about 1.6 / n: three standard errors of a mean of 20 (twice that of two such means)
      const bound = (3 * 1.6) / n / Math.sqrt(20);
      expect(Math.abs(biased - expected)).toBeLessThan(Math.SQRT2 * bound);
      expect(Math.abs(debiased)).toBeLessThan(bound);
    }
  });

  it("of unrelated Gaussians is within .006 of 0 when debiased and of 8 / 39 when biased, n = 32, 1,000 draws", () => {
    const { biased, debiased } = meansOfGaussians(32, 1000); // standard error .0017
    expect(Math.abs(biased - 8 / 39)).toBeLessThan(0.006);
    expect(Math.abs(debiased)).toBeLessThan(0.006);
  });

  it("of batches has the HSIC₁ of all items as its mean over all ways to make them", () => {
    const { x, y } = pairOfViews({ seed: 8, n: 8, d1: 3, d2: 4 });
    const hsic = (order: readonly number[], batchItems: number): number => {
      const [a, b] = [x, y].map((of) => ckaPairs(takeRows(of, order), { batchItems })!.values);
      return a!.reduce((sum, value, i) => sum + value * b![i]!, 0) / (8 / batchItems);
    };
    const ways = halvings();
    expect(ways).toHaveLength(35);
    const mean = ways.reduce(
      (sum, [first, second]) => sum + hsic([...first, ...second], 4) / ways.length,
      0,
    );
    expect(Math.abs(mean / hsic(EIGHT, 8) - 1)).toBeLessThan(ROUNDING);
  });

  it("of batches is 1 with itself, near that of all items, and named", () => {
    const { x, y } = pairOfViews({ seed: 9, n: 600, d1: 6, d2: 8 });
    const options = { batchItems: 128 };
    expect(Math.abs(cka(x, moved(x, 1), options)! - 1)).toBeLessThan(ROUNDING);
    expect(Math.abs(cka(x, y, options)! - cka(x, y)!)).toBeLessThan(0.05); // five batches of 120
    expect(ckaName(options)).toBe("linear CKA, debiased, batches of at most 128");
    expect(() => cka(x, y, { estimator: "biased", ...options })).toThrow("only a debiased CKA");
  });

  it("is undefined for states that do not vary, and for too few items of a debiased estimate", () => {
    const { x, y } = pairOfViews({ seed: 5, n: 6, d1: 3, d2: 3 });
    const constant = takeRows(y, [0, 0, 0, 0, 0, 0]);
    expect(cka(x, constant)).toBeUndefined();
    expect(cka(x, constant, { estimator: "biased" })).toBeUndefined();
    expect(cka(rowRange(x, 0, 3), rowRange(y, 0, 3))).toBeUndefined();
  });
});

describe("RSA", () => {
  for (const dissimilarity of DISSIMILARITIES) {
    for (const comparison of COMPARISONS) {
      it(`${rsaName({ dissimilarity, comparison })} of states with themselves, scaled, is 1`, () => {
        fc.assert(
          fc.property(sizes, (size) => {
            const { x } = pairOfViews({ ...size, d1: size.d1 + 1 });
            const scaled = matrix(
              x.rows,
              x.cols,
              x.data.map((value) => 2 * value), // a power of 2: the same order even of near ties
            );
            const value = rsa(x, scaled, { dissimilarity, comparison })!;
            expect(Math.abs(value - 1)).toBeLessThan(ROUNDING);
          }),
          { numRuns: 10 },
        );
      });
    }
  }

  it("by Euclidean distances is blind to rotation and shift; by correlation it is not", () => {
    const { x } = pairOfViews({ seed: 77, n: 20, d1: 4, d2: 4 });
    const other = moved(x, 3);
    expect(Math.abs(rsa(x, other, { comparison: "pearson" })! - 1)).toBeLessThan(ROUNDING);
    expect(rsa(x, other, { comparison: "pearson", dissimilarity: "correlation" })!).toBeLessThan(
      0.95,
    );
  });

  it("has a noise ceiling of 1 for repeats without noise, and low < high < 1 for noisy ones", () => {
    const { x } = pairOfViews({ seed: 9, n: 15, d1: 6, d2: 6 });
    const draw = stream(1, "repeats");
    const repeat = (amount: number) => {
      const extra = gaussian(draw, x.rows, x.cols);
      const data = x.data.map((value, i) => value + amount * extra.data[i]!);
      return dissimilarities(matrix(x.rows, x.cols, data), "euclidean");
    };
    const exact = noiseCeiling([repeat(0), repeat(0)])!;
    expect(Math.abs(exact.low - 1)).toBeLessThan(ROUNDING);
    expect(Math.abs(exact.high - 1)).toBeLessThan(ROUNDING);
    const noisy = noiseCeiling([repeat(1), repeat(1), repeat(1), repeat(1)])!;
    expect(noisy.low).toBeLessThan(noisy.high);
    expect(noisy.high).toBeLessThan(0.99);
    expect(noiseCeiling([repeat(0)])).toBeUndefined();
  });
});

describe("Procrustes", () => {
  it("finds a planted rotation, shift and scale exactly, on items that it was not fitted to", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const n = 3 * size.d1 + size.n; // more items than dimensions in the fit
        const { x } = pairOfViews({ ...size, n });
        const y = moved(x, size.seed);
        const half = Math.floor(n / 2);
        const [fit, test] = [
          { x: rowRange(x, 0, half), y: rowRange(y, 0, half) },
          { x: rowRange(x, half, n), y: rowRange(y, half, n) },
        ];
        fc.pre(half > size.d1);
        expect(Math.abs(procrustes({ fit, test })! - 1)).toBeLessThan(ROUNDING);
      }),
      { numRuns: 30 },
    );
  });

  it("with fewer items than dimensions foretells the fitted items of a rotated copy", () => {
    const { x } = pairOfViews({ seed: 3, n: 10, d1: 40, d2: 2 });
    const y = moved(x, 4);
    const found = fitProcrustes({ x, y }).apply(x);
    const worst = found.data.reduce((most, v, i) => Math.max(most, Math.abs(v - y.data[i]!)), 0);
    expect(worst).toBeLessThan(1e-9); // states of size 10 through two factorisations
  });

  it("does not call an invertible but crooked map a rotation", () => {
    const x = gaussian(stream(2, "crooked"), 60, 3);
    const y = matrix(
      60,
      3,
      x.data.map((value, i) => (i % 3 === 0 ? 20 * value : value)),
    );
    const parts = (first: number, last: number) => ({
      x: rowRange(x, first, last),
      y: rowRange(y, first, last),
    });
    expect(procrustes({ fit: parts(0, 30), test: parts(30, 60) })!).toBeLessThan(0.9);
  });
});

describe("another program (similarity_reference.py)", () => {
  for (const { seed, n, d1, d2, ...expected } of reference.geometry) {
    const { x, y } = pairOfViews({ seed, n, d1, d2 });
    it(`finds the same CKA for [${n}, ${d1}] and [${n}, ${d2}]`, () => {
      const values = CKAS.map((options) => cka(x, y, options)!);
      const peers = [
        expected.linearDebiased,
        expected.linearBiased,
        expected.rbfDebiased,
        expected.rbfBiased,
      ];
      values.forEach((value, i) => {
        expect(Math.abs(value - peers[i]!)).toBeLessThan(PEER);
      });
    });
    it(`finds the same RSA for [${n}, ${d1}] and [${n}, ${d2}]`, () => {
      const peers: Readonly<Record<string, number>> = expected.rsa;
      for (const dissimilarity of DISSIMILARITIES) {
        for (const comparison of COMPARISONS) {
          const value = rsa(x, y, { dissimilarity, comparison })!;
          expect(Math.abs(value - peers[`${dissimilarity} ${comparison}`]!)).toBeLessThan(PEER);
        }
      }
    });
    it(`finds the same Procrustes R² for [${n}, ${d1}] and [${n}, ${d2}]`, () => {
      const m = Math.floor(n / 2);
      const part = (first: number, last: number) => ({
        x: rowRange(x, first, last),
        y: rowRange(y, first, last),
      });
      const value = procrustes({ fit: part(0, m), test: part(m, n) })!;
      expect(Math.abs(value - expected.procrustes)).toBeLessThan(PEER);
    });
  }
});
