/** @file Paired subspaces of whole contexts: what the models share comes first, also where it is less than was asked for. */
import { expect, it } from "vitest";
import { randomSubspace } from "../../../src/align/stiefel.js";
import { pairContexts } from "../../../src/measure/full/closed-form.js";
import { multiply, multiplyTransposed, rowRange } from "../../../src/numeric/matrix.js";
import { stream } from "../../../src/stats/stream.js";
import { gaussian } from "../../similarity/draws.js";

/** Sums of fewer than 10³ products of numbers near 1, in double precision, through three factorisations. */
const ROUNDING = 1e-10;

it.each([2, 5])("finds the 2 directions that two models share, k = %i", (k) => {
  const random = stream(1, "contexts");
  const [d, rows] = [9, 40];
  const shared = gaussian(random, rows, 2);
  const [left, right] = [randomSubspace(2, d, random), randomSubspace(2, d, random)];
  const [a, b] = [multiply(shared, left), multiply(shared, right)]; // states of rank 2
  const train = Int32Array.from({ length: rows }, (_, i) => i);
  const pairs = pairContexts(a, b, { train, k, random: stream(2, "start") });
  for (const [found, basis] of [
    [pairs[0], left],
    [pairs[1], right],
  ] as const) {
    const gram = multiplyTransposed(found, found);
    gram.data.forEach((value, i) => {
      expect(Math.abs(value - (i % (k + 1) === 0 ? 1 : 0))).toBeLessThan(ROUNDING);
    });
    const inside = multiplyTransposed(basis, rowRange(found, 0, 2)); // a rotation where both span the same
    const size = inside.data.reduce((sum, value) => sum + value * value, 0);
    expect(Math.abs(size - 2)).toBeLessThan(ROUNDING);
  }
});
