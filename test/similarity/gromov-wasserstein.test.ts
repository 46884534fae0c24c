/** @file Gromov–Wasserstein: what it must be blind to, what bounds it, and another program's values from the same starts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/similarity/reference.json" with { type: "json" };
import { randomSubspace } from "../../src/align/stiefel.js";
import { matrix, multiply, takeRows, type Matrix } from "../../src/numeric/matrix.js";
import { overMean, stateDistances } from "../../src/similarity/distance-matrix.js";
import { entropicGromov } from "../../src/similarity/entropic-gromov.js";
import {
  gromovDistance,
  gromovWasserstein,
  randomPermutations,
} from "../../src/similarity/gromov-wasserstein.js";
import { stream } from "../../src/stats/stream.js";
import { draws, gaussian, pairOfViews } from "./draws.js";

/** As issued: agreement with POT, whose steps end at a relative gain of 1e-12. */
const PEER = 1e-6;
/** Means of n² squares of about 1 in another order. */
const ROUNDING = 1e-12;
/** Squares of distances near 0 from inner products of about 10: (10 × 2⁻⁵²)^½ each, squared again in the value. */
const NOTHING = 1e-12;

const distances = (states: Matrix): Matrix => overMean(stateDistances(states)!);

/** The order of `draws`, as NumPy's argsort gives it. */
function orderOf(seed: number, n: number): Int32Array {
  const by = draws(seed, n);
  return Int32Array.from([...by.keys()].sort((i, j) => by[i]! - by[j]!));
}

/** Greatest difference of a unit: no inner product makes these, and no step need end in a permutation. */
function chebyshev(x: Matrix): Matrix {
  const at = (i: number, j: number): number =>
    Math.max(
      ...Array.from({ length: x.cols }, (_, c) =>
        Math.abs(x.data[i * x.cols + c]! - x.data[j * x.cols + c]!),
      ),
    );
  const n = x.rows;
  const data = Float64Array.from({ length: n * n }, (_, k) => at(Math.floor(k / n), k % n));
  return overMean(matrix(n, n, data));
}

/** `Σ (a_ik − b_jl)² T_ij T_kl` in its plainest form. */
function plainValue(a: Matrix, b: Matrix, coupling: Matrix): number {
  const n = a.rows;
  const used = [...coupling.data.keys()].filter((at) => coupling.data[at]! !== 0);
  let total = 0;
  for (const p of used) {
    for (const q of used) {
      const [i, j, k, l] = [Math.floor(p / n), p % n, Math.floor(q / n), q % n];
      const apart = a.data[i * n + k]! - b.data[j * n + l]!;
      total += apart ** 2 * coupling.data[p]! * coupling.data[q]!;
    }
  }
  return total;
}

const small = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  n: fc.integer({ min: 2, max: 14 }),
  d1: fc.integer({ min: 1, max: 4 }),
  d2: fc.integer({ min: 1, max: 4 }),
});

describe("Gromov–Wasserstein", () => {
  for (const { chebyshev: split, ...expected } of reference.gromov) {
    const { seed, n } = expected;
    const { x, y } = pairOfViews(expected);

    it(`comes to POT's values from the same starts, n = ${n}`, () => {
      const starts = expected.permutations.map((_, i) => orderOf(seed + 1 + i, n));
      const found = gromovWasserstein(distances(x), distances(y), starts);
      const peers = [expected.paired, expected.product, ...expected.permutations];
      found.descents.forEach(({ value, settled }, i) => {
        expect(settled).toBe(true);
        expect(Math.abs(value - peers[i]!)).toBeLessThan(PEER);
      });
      expect(found.value).toBeLessThan(Math.min(...peers) + ROUNDING);
    });

    it(`comes to POT's values where distances are not Euclidean, n = ${n}`, () => {
      const { descents } = gromovWasserstein(chebyshev(x), chebyshev(y));
      descents.forEach(({ value }, i) => {
        expect(Math.abs(value - split[i]!)).toBeLessThan(PEER);
      });
    });
  }

  it("is the value of its own coupling, at most the paired value, and the least of its descents", () => {
    fc.assert(
      fc.property(small, (size) => {
        const { x, y } = pairOfViews(size);
        const [a, b] = [distances(x), distances(y)];
        const starts = randomPermutations(size.n, 2, stream(size.seed, "starts"));
        const found = gromovWasserstein(a, b, starts);
        expect(Math.abs(plainValue(a, b, found.coupling) - found.value)).toBeLessThan(ROUNDING);
        expect(found.value).toBeLessThanOrEqual(found.paired);
        expect(found.value).toBe(Math.min(...found.descents.map(({ value }) => value)));
        expect(found.permutation && new Set(found.permutation).size).toBe(size.n);
      }),
      { numRuns: 50 },
    );
  });

  it("is 0 for a model turned, shifted and scaled, once distances are over their mean", () => {
    const draw = stream(1, "turned");
    const x = gaussian(draw, 40, 5);
    const turned = multiply(x, randomSubspace(5, 5, draw));
    const y = matrix(
      40,
      5,
      turned.data.map((value) => 7 * value - 2),
    );
    expect(gromovWasserstein(distances(x), distances(y)).value).toBeLessThan(NOTHING);
    const apart = gromovWasserstein(stateDistances(x)!, stateDistances(y)!);
    expect(apart.value).toBeGreaterThan(1);
  });

  it("finds the items of a model in another order, where RSA sees nothing", () => {
    const x = gaussian(stream(2, "items"), 40, 5);
    const order = stream(2, "order").shuffle([...Array(40).keys()]);
    const starts = randomPermutations(40, 10, stream(2, "starts"));
    const found = gromovWasserstein(distances(x), distances(takeRows(x, order)), starts);
    expect(found.value).toBeLessThan(NOTHING);
    expect(found.paired).toBeGreaterThan(0.1);
    expect([...found.permutation!].map((to) => order[to])).toEqual([...Array(40).keys()]);
  });

  it("is the same either way round, for the starts that are, and as a distance half its root", () => {
    const { x, y } = pairOfViews({ seed: 71, n: 12, d1: 3, d2: 4 });
    const one = gromovWasserstein(distances(x), distances(y));
    const other = gromovWasserstein(distances(y), distances(x));
    expect(Math.abs(one.value - other.value)).toBeLessThan(ROUNDING);
    expect(gromovDistance(0.16)).toBe(0.2);
  });

  it("of one item is 0, and of states that do not vary there are no distances", () => {
    const one = matrix(1, 1);
    expect(gromovWasserstein(one, one)).toMatchObject({ value: 0, paired: 0 });
    expect(stateDistances(matrix(5, 3, new Float64Array(15).fill(4)))).toBeUndefined();
    expect(() => overMean(matrix(2, 2))).toThrow("have no scale");
  });

  it("refuses other numbers of items, distances that differ by side, and NaN", () => {
    const good = matrix(2, 2, Float64Array.of(0, 1, 1, 0));
    const refused = (other: Matrix, message: string): void => {
      expect(() => gromovWasserstein(good, other)).toThrow(message);
      expect(() => entropicGromov(good, other, { price: 1 })).toThrow(message);
    };
    refused(matrix(3, 3), "between 2 and 3 items");
    refused(matrix(2, 1), "distances as [2, 1]");
    refused(matrix(2, 2, Float64Array.of(0, 1, 2, 0)), "differ by side");
    refused(matrix(2, 2, Float64Array.of(0, NaN, NaN, 0)), "NaN at index 1");
  });
});

describe("entropic Gromov–Wasserstein", () => {
  for (const { entropicAtRest, ...size } of reference.gromov) {
    it(`comes to POT's value, n = ${size.n}`, () => {
      const { x, y } = pairOfViews(size);
      const found = entropicGromov(distances(x), distances(y), { price: 0.3 });
      expect(found.settled).toBe(true);
      expect(Math.abs(found.value - entropicAtRest)).toBeLessThan(PEER);
    });
  }

  it("is above the least value of all permutations by no more than the price of a coupling's entropy", () => {
    const n = 5;
    const { x, y } = pairOfViews({ seed: 71, n, d1: 3, d2: 4 });
    const [a, b] = [distances(x), distances(y)];
    const exact = gromovWasserstein(a, b, allPermutations(n));
    for (const price of [1, 0.3]) {
      const { value } = entropicGromov(a, b, { price, start: exact.coupling });
      // the value is concave along couplings: permutations hold its least, and each round lowers `value − ε H(T)`,
      // of which H(T) grows by at most log n
      expect(value).toBeLessThan(exact.value + price * Math.log(n));
      expect(value).toBeGreaterThan(exact.value - ROUNDING);
    }
  });
});

function allPermutations(n: number): Int32Array[] {
  if (n === 0) return [new Int32Array(0)];
  return allPermutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) =>
      Int32Array.of(...rest.slice(0, at), n - 1, ...rest.slice(at)),
    ),
  );
}
