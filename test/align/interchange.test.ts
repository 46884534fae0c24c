/** @file Laws of the intervention and its derivative, in float64, for models of different width. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accumulateGradient,
  coordinateDifference,
  patchStates,
  type End,
} from "../../src/align/interchange.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { matrix, multiply, type Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";

/** A handful of products and sums of numbers of size 1 to 10. */
const EXACT = 1e-12;
/**
 * Five-point difference in float64. An entry of P moves a patched state by at most about σ · 3 · 3 ≈ 40,
 * so that the fifth derivative stays below some 40⁵: with h = 1e-4 the formula leaves h⁴ 40⁵ / 30 = 3e-10,
 * rounding 20 ulp(20) / h = 7e-10. Two orders of magnitude are left for the tails of the draws.
 */
const DIFFERENCE = 1e-7;

interface Case {
  readonly dSource: number;
  readonly dTarget: number;
  readonly k: number;
  readonly sigma: number;
  readonly seed: number;
}

const cases = fc.record({
  dSource: fc.integer({ min: 5, max: 9 }),
  dTarget: fc.integer({ min: 5, max: 9 }),
  k: fc.integer({ min: 1, max: 5 }),
  sigma: fc.constantFrom(0.3, 1, 4),
  seed: fc.nat(1000),
});

function gaussian(rows: number, cols: number, seed: number, name: string): Matrix {
  const draw = stream(seed, name);
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => draw.normal()),
  );
}

/** Source and target over six items; normalised target states belong to `raw` through σ. */
function setUp({ dSource, dTarget, k, sigma, seed }: Case): {
  source: End;
  target: End;
  raw: Float64Array;
} {
  const normalised = gaussian(6, dTarget, seed, "target");
  return {
    source: {
      subspace: randomSubspace(k, dSource, stream(seed, "P_s")),
      normalised: gaussian(6, dSource, seed, "source"),
      items: Int32Array.of(0, 3, 5),
    },
    target: {
      subspace: randomSubspace(k, dTarget, stream(seed, "P_t")),
      normalised,
      items: Int32Array.of(1, 2, 4),
    },
    raw: normalised.data.map((x, i) => 2 + (i % dTarget) + sigma * x),
  };
}

function patch({ source, target, raw }: ReturnType<typeof setUp>, sigma: number): Float64Array {
  return patchStates({ raw, sigma, target }, coordinateDifference(source, target));
}

function worst(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

/** A smooth loss of patched states with its gradient: Σ w sin h'. */
function lossOf(patched: Float64Array): { loss: number; gradient: Float64Array } {
  const weight = (i: number): number => 1 + (i % 7) / 3;
  return {
    loss: patched.reduce((total, x, i) => total + weight(i) * Math.sin(x), 0),
    gradient: patched.map((x, i) => weight(i) * Math.cos(x)),
  };
}

/** dL/dP_s and dL/dP_t; `fault` spoils the upstream gradient's sign in the target part, as a planted mistake. */
function gradients(
  world: ReturnType<typeof setUp>,
  sigma: number,
): { source: Matrix; target: Matrix } {
  const { source, target } = world;
  const { gradient } = lossOf(patch(world, sigma));
  const into = {
    source: matrix(source.subspace.rows, source.subspace.cols),
    target: matrix(target.subspace.rows, target.subspace.cols),
  };
  const scaled = matrix(
    3,
    target.subspace.cols,
    gradient.map((x) => sigma * x),
  );
  accumulateGradient(
    { source, target, difference: coordinateDifference(source, target) },
    scaled,
    into,
  );
  return into;
}

/** Largest difference between `claimed` and five-point differences along every entry of one end's P. */
function gradientError(c: Case, end: "source" | "target", claimed: Matrix): number {
  const h = 1e-4;
  const moved = (i: number, by: number): number => {
    const world = setUp(c);
    world[end].subspace.data[i]! += by;
    return lossOf(patch(world, c.sigma)).loss;
  };
  return claimed.data.reduce((most, x, i) => {
    const near = moved(i, h) - moved(i, -h);
    const far = moved(i, 2 * h) - moved(i, -2 * h);
    const difference = (8 * near - far) / (12 * h);
    return Math.max(most, Math.abs(x - difference) / (1 + Math.abs(difference)));
  }, 0);
}

describe("the interchange", () => {
  it("of a state with itself, in one subspace, is the identity to the last bit", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { target, raw } = setUp(c);
        const own = patchStates(
          { raw, sigma: c.sigma, target },
          coordinateDifference(target, target),
        );
        target.items.forEach((item, r) => {
          const d = c.dTarget;
          expect(own.slice(r * d, (r + 1) * d)).toEqual(raw.slice(item * d, (item + 1) * d));
        });
      }),
    );
  });

  it("of the whole space within one model returns the source's state", () => {
    const c = { dSource: 6, dTarget: 6, k: 6, sigma: 2.5, seed: 3 };
    const { target, raw } = setUp(c);
    const source = { ...target, items: Int32Array.of(5, 0, 1) };
    const patched = patchStates(
      { raw, sigma: c.sigma, target },
      coordinateDifference(source, target),
    );
    const expected = Float64Array.from(
      [5, 0, 1].flatMap((i) => [...raw.slice(i * 6, (i + 1) * 6)]),
    );
    expect(worst(patched, expected)).toBeLessThan(EXACT * 10);
  });

  it("does not depend on the gauge: one rotation of both P changes nothing", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const world = setUp(c);
        const rotation = randomSubspace(c.k, c.k, stream(c.seed, "gauge"));
        const turn = (end: End): End => ({ ...end, subspace: multiply(rotation, end.subspace) });
        const turned = { ...world, source: turn(world.source), target: turn(world.target) };
        expect(worst(patch(world, c.sigma), patch(turned, c.sigma))).toBeLessThan(EXACT * 100);
      }),
    );
  });

  it("has the derivative of central differences in both P, for unequal widths and σ ≠ 1", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { source, target } = gradients(setUp(c), c.sigma);
        expect(gradientError(c, "source", source)).toBeLessThan(DIFFERENCE);
        expect(gradientError(c, "target", target)).toBeLessThan(DIFFERENCE);
      }),
      { numRuns: 15 },
    );
  });

  it.each([
    ["a flipped sign", (g: Matrix) => g.data.map((x) => -x)],
    ["a factor of 1.001", (g: Matrix) => g.data.map((x) => 1.001 * x)],
  ])("is not confirmed by central differences with %s planted in it", (_, spoil) => {
    const c = { dSource: 7, dTarget: 5, k: 3, sigma: 2, seed: 1 };
    const { source, target } = gradients(setUp(c), c.sigma);
    expect(gradientError(c, "source", { ...source, data: spoil(source) })).toBeGreaterThan(
      100 * DIFFERENCE,
    );
    expect(gradientError(c, "target", { ...target, data: spoil(target) })).toBeGreaterThan(
      100 * DIFFERENCE,
    );
  });

  it("adds both parts into one matrix when source and target are one model", () => {
    const { target } = setUp({ dSource: 5, dTarget: 5, k: 2, sigma: 1, seed: 4 });
    const source = { ...target, items: Int32Array.of(0, 5, 3) };
    const g = gaussian(3, 5, 4, "g");
    const rows = { source, target, difference: coordinateDifference(source, target) };
    const apart = { source: matrix(2, 5), target: matrix(2, 5) };
    accumulateGradient(rows, g, apart);
    const shared = matrix(2, 5);
    accumulateGradient(rows, g, { source: shared, target: shared });
    const added = apart.source.data.map((x, i) => x + apart.target.data[i]!);
    expect(worst(shared.data, added)).toBeLessThan(EXACT);
  });
});
