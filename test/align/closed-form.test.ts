/** @file The closed form finds a planted rotation, pairs rows across models, and fills up to k. */
import { describe, expect, it } from "vitest";
import {
  alignTo,
  codeAndNoise,
  ownSubspace,
  pairSubspaces,
  type CodeAndNoise,
} from "../../src/align/closed-form.js";
import type { Grouping } from "../../src/align/grouping.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { principalAngles } from "../../src/numeric/angles.js";
import { gram, matrix, multiply, type Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";

/** acos loses half the digits near 1. */
const ANGLE = 1e-6;
/** SVD of numbers of size 1 to 10, a few products. */
const EXACT = 1e-9;

const CLASSES = 5;
const ITEMS = 60;
const grouping: Grouping = {
  group: Int32Array.from({ length: ITEMS }, (_, i) => i % CLASSES),
  nGroups: CLASSES,
  contrast: new Int32Array(CLASSES),
};
const train = Int32Array.from(Array(ITEMS).keys());

/** Code of rank 4 in the first coordinates, noise everywhere, turned by `rotation`. */
function codeIn(rotation: Matrix, noise: number): CodeAndNoise {
  const draw = stream(0, "code");
  const means = matrix(
    CLASSES,
    rotation.rows,
    Float64Array.from({ length: CLASSES * rotation.rows }, (_, i) =>
      i % rotation.rows < 4 ? 3 * draw.normal() : 0,
    ),
  );
  const states = matrix(
    ITEMS,
    rotation.rows,
    Float64Array.from({ length: ITEMS * rotation.rows }, (_, i) => {
      const [item, c] = [Math.floor(i / rotation.rows), i % rotation.rows];
      return means.data[(item % CLASSES) * rotation.rows + c]! + noise * draw.normal();
    }),
  );
  return codeAndNoise(multiply(states, rotation), train, grouping);
}

const random = stream(1, "start");
const r20 = randomSubspace(20, 20, stream(1, "r20"));
const r26 = randomSubspace(20, 26, stream(1, "r26")); // the same coordinates inside a wider model
const a = codeIn(r20, 0.2);
const b = codeIn(r26, 0.2);

function worst(x: Matrix, y: Matrix): number {
  return x.data.reduce((most, v, i) => Math.max(most, Math.abs(v - y.data[i]!)), 0);
}

/** P_A carried by the planted rotation must be P_B, row by row. */
function carried(p: Matrix): Matrix {
  const back = matrix(20, 20, r20.data); // rows of R: x R = h, so h Rᵀ = x
  const coordinates = matrix(p.rows, 20);
  for (let j = 0; j < p.rows; j++) {
    for (let c = 0; c < 20; c++) {
      let sum = 0;
      for (let i = 0; i < 20; i++) sum += p.data[j * 20 + i]! * back.data[c * 20 + i]!;
      coordinates.data[j * 20 + c] = sum;
    }
  }
  return multiply(coordinates, r26);
}

describe("pairSubspaces", () => {
  it.each([1, 3, 4])(
    "carries the code across a planted rotation into a wider model (k = %i)",
    (k) => {
      const [pa, pb] = pairSubspaces(a, b, { k, random });
      expect(worst(carried(pa), pb)).toBeLessThan(EXACT);
    },
  );

  it("pairs directions of the noise beyond the rank of the code, orthonormal to it", () => {
    const [pa, pb] = pairSubspaces(a, b, { k: 9, random });
    for (const p of [pa, pb]) {
      const products = gram(p);
      products.data.forEach((x, i) => {
        expect(Math.abs(x - (i % 10 === 0 ? 1 : 0))).toBeLessThan(EXACT);
      });
    }
    // subspace iteration has not converged on a flat spectrum of noise; the pairing must hold all the same
    expect(worst(carried(pa), pb)).toBeLessThan(0.02);
  });

  it("reaches the full width", () => {
    const [pa] = pairSubspaces(a, a, { k: 20, random });
    expect(pa.rows).toBe(20);
  });

  it("refuses a k beyond the narrower width", () => {
    expect(() => pairSubspaces(a, b, { k: 21, random })).toThrow(
      "k = 21 is larger than the width 20",
    );
  });
});

describe("ownSubspace", () => {
  it("spans the class means", () => {
    const p = ownSubspace(a, { k: 4, random });
    const [paired] = pairSubspaces(a, b, { k: 4, random });
    for (const angle of principalAngles(p, paired)) expect(angle).toBeLessThan(ANGLE);
  });
});

describe("alignTo", () => {
  it("finds in another model what a subspace carries in the reference", () => {
    const subspace = ownSubspace(a, { k: 4, random });
    const found = alignTo({ subspace, reference: a }, b, random);
    expect(worst(carried(subspace), found!)).toBeLessThan(EXACT);
  });

  it("is undefined where the other model has no code at all", () => {
    const none = { code: matrix(CLASSES, 26), residuals: b.residuals };
    const subspace = ownSubspace(a, { k: 2, random });
    expect(alignTo({ subspace, reference: a }, none, random)).toBeUndefined();
  });
});
