/** @file Canonical correlations, neighbours, assignment, LASSO: laws, and other programs' numbers. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/similarity/reference.json" with { type: "json" };
import { matrix, multiply, rowRange, type Matrix } from "../../src/numeric/matrix.js";
import { assign, assignMost } from "../../src/similarity/assignment.js";
import { canonicalCorrelations } from "../../src/similarity/canonical-correlation.js";
import { centred } from "../../src/similarity/centred.js";
import { lasso, lassoPath, lassoProblems, strongest } from "../../src/similarity/lasso.js";
import { mutualNeighbours } from "../../src/similarity/mutual-neighbours.js";
import { stream } from "../../src/stats/stream.js";
import { draws, gaussian, pairOfViews } from "./draws.js";

/** Through three decompositions of matrices with condition numbers below 10³. */
const ROUNDING = 1e-9;
/** As issued, for LASSO: 1e-6; both programs are run until they rest. */
const PEER = 1e-8;

function halves({ x, y }: { x: Matrix; y: Matrix }) {
  const m = Math.floor(x.rows / 2);
  return {
    fit: { x: rowRange(x, 0, m), y: rowRange(y, 0, m) },
    test: { x: rowRange(x, m, x.rows), y: rowRange(y, m, y.rows) },
  };
}

describe("canonical correlations", () => {
  it("are 1 on held-out items for any invertible linear map, without ridge", () => {
    const x = gaussian(stream(1, "cca/x"), 80, 5);
    const y = multiply(x, gaussian(stream(1, "cca/map"), 5, 5));
    const found = canonicalCorrelations(halves({ x, y }), { variance: 1, ridge: 0 })!;
    expect(found.heldOut).toHaveLength(5);
    for (const r of found.heldOut) expect(Math.abs(r - 1)).toBeLessThan(ROUNDING);
    expect(Math.abs(found.pwcca - 1)).toBeLessThan(ROUNDING);
  });

  it("of unrelated states are high on the items of the fit and about 0 on others", () => {
    const draw = stream(2, "cca");
    const pair = { x: gaussian(draw, 120, 20), y: gaussian(draw, 120, 20) };
    const { fitted, mean } = canonicalCorrelations(halves(pair))!;
    expect(fitted[0]!).toBeGreaterThan(0.8);
    expect(Math.abs(mean)).toBeLessThan(3 / Math.sqrt(60 * 20)); // 20 correlations of 60 items each
  });

  for (const { seed, n, d1, d2, cca } of reference.geometry.filter(({ d1, n }) => d1 < n / 2)) {
    it(`agree with similarity_reference.py for [${n}, ${d1}] and [${n}, ${d2}]`, () => {
      const pair = pairOfViews({ seed, n, d1, d2 });
      const found = canonicalCorrelations(halves(pair), { variance: 1, ridge: 0.01 })!;
      const peers = [...cca.fitted, ...cca.heldOut, cca.mean, cca.pwcca];
      [...found.fitted, ...found.heldOut, found.mean, found.pwcca].forEach((value, i) => {
        expect(Math.abs(value - peers[i]!)).toBeLessThan(PEER);
      });
    });
  }
});

describe("mutual nearest neighbours", () => {
  it("are all shared by a copy, and as many as by chance by unrelated states", () => {
    const draw = stream(3, "neighbours");
    const [x, y] = [gaussian(draw, 200, 6), gaussian(draw, 200, 6)];
    expect(mutualNeighbours(x, x)!.value).toBe(1);
    const { value, chance } = mutualNeighbours(x, y)!;
    expect(chance).toBe(10 / 199);
    expect(Math.abs(value - chance)).toBeLessThan(3 * Math.sqrt(chance / (200 * 10)));
    expect(mutualNeighbours(rowRange(x, 0, 11), rowRange(y, 0, 11))).toBeUndefined();
  });

  for (const { seed, n, d1, d2, mutualNeighbours: expected } of reference.geometry) {
    it(`agree with scikit-learn's for [${n}, ${d1}] and [${n}, ${d2}]`, () => {
      const { x, y } = pairOfViews({ seed, n, d1, d2 });
      for (const [k, share] of Object.entries(expected)) {
        expect(mutualNeighbours(x, y, { k: Number(k) })!.value).toBeCloseTo(share, 12);
      }
    });
  }
});

describe("assignment", () => {
  it("is the best of all permutations", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), (n, seed) => {
        const cost = matrix(n, n, draws(seed + 1, n * n));
        const best = Math.min(
          ...permutations(n).map((order) =>
            order.reduce((sum, c, r) => sum + cost.data[r * n + c]!, 0),
          ),
        );
        expect(Math.abs(assign(cost).cost - best)).toBeLessThan(1e-12);
      }),
    );
  });

  it("pairs all rows or all columns once, of a wide matrix as of a tall one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        (rows, cols, seed) => {
          const { columns } = assign(matrix(rows, cols, draws(seed + 1, rows * cols)));
          const used = columns.filter((column) => column >= 0);
          expect(used.length).toBe(Math.min(rows, cols));
          expect(new Set(used).size).toBe(used.length);
        },
      ),
    );
  });

  it("stays optimal among equal costs, and finds a planted permutation by its gain", () => {
    expect(assign(matrix(3, 3)).cost).toBe(0);
    const planted = stream(4, "planted").shuffle([...Array(50).keys()]);
    const gain = matrix(50, 50);
    planted.forEach((column, r) => (gain.data[r * 50 + column] = 1));
    expect([...assignMost(gain).columns]).toEqual(planted);
  });

  for (const { seed, rows, cols, cost, columns } of reference.assignment) {
    it(`of a random [${rows}, ${cols}] equals SciPy's`, () => {
      const found = assign(matrix(rows, cols, draws(seed, rows * cols)));
      expect(Math.abs(found.cost - cost)).toBeLessThan(1e-10 * Math.max(1, cost));
      const bytes = new Uint8Array(found.columns.buffer);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(columns);
    });
  }
});

describe("LASSO", () => {
  it("holds the conditions of an optimum: |Xᵀr| / n is the strength where a weight is used, and no more elsewhere", () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 1, max: 1e6 }),
          n: fc.integer({ min: 5, max: 40 }),
          d1: fc.integer({ min: 1, max: 12 }),
          d2: fc.constant(1),
        }),
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        (size, share) => {
          const views = pairOfViews(size);
          const [x, y] = [centred(views.x), centred(views.y)];
          const problem = lassoProblems(x, y)[0]!;
          const strength = share * strongest(problem);
          const weights = lasso(problem, strength);
          const left = multiply(x, matrix(size.d1, 1, weights)).data.map((p, i) => y.data[i]! - p);
          weights.forEach((weight, j) => {
            const slope =
              left.reduce((sum, value, i) => sum + value * x.data[i * size.d1 + j]!, 0) / size.n;
            if (weight === 0) expect(Math.abs(slope)).toBeLessThan(strength * (1 + ROUNDING));
            else expect(Math.abs(slope - Math.sign(weight) * strength)).toBeLessThan(ROUNDING);
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it("has no weight from the strongest strength on, and the same weights along a path as alone", () => {
    const { x, y } = pairOfViews({ seed: 8, n: 40, d1: 6, d2: 1 });
    const problem = lassoProblems(centred(x), centred(y))[0]!;
    const top = strongest(problem);
    expect([...lasso(problem, top)]).toEqual([0, 0, 0, 0, 0, 0]);
    const strengths = [0.8, 0.3, 0.1].map((share) => share * top);
    lassoPath(problem, strengths).forEach((weights, i) => {
      lasso(problem, strengths[i]!).forEach((weight, j) => {
        expect(Math.abs(weight - weights[j]!)).toBeLessThan(ROUNDING);
      });
    });
  });

  for (const { seed, n, d1, d2, strength, weights } of reference.lasso) {
    it(`equals scikit-learn's for [${n}, ${d1}] at strength ${strength}`, () => {
      const views = pairOfViews({ seed, n, d1, d2 });
      const problems = lassoProblems(standardised(views.x), standardised(views.y));
      weights.forEach((expected, j) => {
        const found = lasso(problems[j]!, strength);
        found.forEach((weight, i) => {
          expect(Math.abs(weight - expected[i]!)).toBeLessThan(PEER);
        });
      });
    });
  }
});

function standardised(a: Matrix): Matrix {
  const about = centred(a);
  const size = (c: number): number => {
    let total = 0;
    for (let r = 0; r < a.rows; r++) total += about.data[r * a.cols + c]! ** 2;
    return Math.sqrt(total / a.rows);
  };
  const sizes = Array.from({ length: a.cols }, (_, c) => size(c));
  return matrix(
    a.rows,
    a.cols,
    about.data.map((value, i) => value / sizes[i % a.cols]!),
  );
}

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  );
}
