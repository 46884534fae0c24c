/** @file The optimiser stays on the manifold, and its path does not depend on the basis of a model. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAdam, rateAt } from "../../src/align/adam.js";
import { projectToTangent, randomSubspace } from "../../src/align/stiefel.js";
import {
  gram,
  matrix,
  multiply,
  multiplyTransposed,
  type Matrix,
} from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";

/** Rounding of QR and of a few products at size 20; the contract promises 1e-10. */
const ORTHONORMAL = 1e-10;

function departure(p: Matrix): number {
  return gram(p).data.reduce(
    (worst, x, i) => Math.max(worst, Math.abs(x - (i % (p.rows + 1) === 0 ? 1 : 0))),
    0,
  );
}

function gaussian(rows: number, cols: number, name: string): Matrix {
  const draw = stream(1, name);
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => draw.normal()),
  );
}

describe("projectToTangent", () => {
  it("leaves only directions that keep the rows orthonormal to first order, and is idempotent", () => {
    const p = randomSubspace(3, 8, stream(0, "p"));
    const xi = projectToTangent(gaussian(3, 8, "g"), p);
    const inner = multiplyTransposed(xi, p); // tangent: antisymmetric
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        expect(Math.abs(inner.data[i * 3 + j]! + inner.data[j * 3 + i]!)).toBeLessThan(ORTHONORMAL);
      }
    }
    const twice = projectToTangent(xi, p);
    twice.data.forEach((x, i) => {
      expect(Math.abs(x - xi.data[i]!)).toBeLessThan(ORTHONORMAL);
    });
  });
});

describe("Adam", () => {
  it("keeps PPᵀ = I after every step, whatever the gradients", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 14 }),
        fc.nat(99),
        (k, extra, seed) => {
          const draw = stream(seed, "gradients");
          const adam = createAdam(k, k + extra);
          let p = randomSubspace(k, k + extra, draw);
          for (let t = 0; t < 12; t++) {
            const size = 10 ** (6 * draw.next() - 3);
            const g = matrix(
              k,
              k + extra,
              p.data.map(() => size * draw.normal()),
            );
            p = adam.step(p, g, 0.03);
            expect(departure(p)).toBeLessThan(ORTHONORMAL);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("stands still where the gradient is zero", () => {
    const p = randomSubspace(2, 5, stream(0, "p"));
    const moved = createAdam(2, 5).step(p, matrix(2, 5), 0.03);
    moved.data.forEach((x, i) => {
      expect(Math.abs(x - p.data[i]!)).toBeLessThan(ORTHONORMAL);
    });
  });

  it("takes the same path in a rotated basis", () => {
    const rotation = randomSubspace(8, 8, stream(2, "rotation"));
    const plain = createAdam(3, 8);
    const turned = createAdam(3, 8);
    let p = randomSubspace(3, 8, stream(2, "p"));
    let q = multiply(p, rotation);
    for (let t = 0; t < 6; t++) {
      const g = gaussian(3, 8, `g${t}`);
      p = plain.step(p, g, 0.03);
      q = turned.step(q, multiply(g, rotation), 0.03);
    }
    multiply(p, rotation).data.forEach((x, i) => {
      expect(Math.abs(x - q.data[i]!)).toBeLessThan(ORTHONORMAL);
    });
  });

  it("is told a rate that rises over a sixth of the steps and ends near zero", () => {
    const rates = Array.from({ length: 60 }, (_, t) => rateAt(0.03, t, 60));
    expect(rates.indexOf(Math.max(...rates))).toBe(9);
    expect(rates[59]!).toBeLessThan(1e-4);
    expect(rateAt(0.03, 0, 1)).toBeGreaterThan(0);
  });
});

describe("a subspace whose rows are not orthonormal", () => {
  it("is noticed by the check that these tests use", () => {
    const p = randomSubspace(3, 8, stream(0, "p"));
    expect(
      departure(
        matrix(
          3,
          8,
          p.data.map((x) => 1.001 * x),
        ),
      ),
    ).toBeGreaterThan(1e-3);
  });
});
