/** @file What stands beside the learned maps, on toy worlds whose truth is known. */
import { beforeAll, describe, expect, it } from "vitest";
import { measureCell } from "../../src/measure/cell.js";
import type { CellInput } from "../../src/measure/cell-input.js";
import { dormantShare } from "../../src/measure/geometry.js";
import { DIRECTIONS, type DirectedHits, type FurtherMeasures } from "../../src/measure/measures.js";
import { curveSizes } from "../../src/measure/size-curve.js";
import { untrainedStates } from "../../src/measure/untrained.js";
import { matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import {
  CIRCLES as world,
  IN_ORDER as base,
  rate,
  RECODED as recoded,
  toyCell,
  type ToyModel,
} from "../support/toy-world.js";

/** Prompts of the toy items: each class has words of its own, so that a random network can see it. */
function withUntrained(cell: CellInput): CellInput {
  const prompts = Array.from(cell.causal.value, (value, item) => ({
    ids: [1, 10 + (item % 13), 100 + value],
    position: 2,
  }));
  return { ...cell, untrained: (dModel) => untrainedStates(prompts, { dModel, seed: 0 }) };
}

async function measureAll(tuned: ToyModel, repeats = 0): Promise<FurtherMeasures> {
  const cell = withUntrained(toyCell(world, { base, tuned }, { k: 7 }));
  const options = { ...cell.options, further: { controls: true, repeats } };
  const { measures } = await measureCell({ ...cell, options });
  return measures.further!;
}

describe("a re-coded variable", () => {
  let further: FurtherMeasures;
  beforeAll(async () => {
    further = await measureAll(recoded);
  });

  it("is steerable on behaviour alone, in all directions, by states that are not natural", () => {
    const { iia, naturalness } = further.behaviourOnly!;
    for (const key of DIRECTIONS) expect(rate(iia[key]), key).toBeGreaterThan(0.95);
    for (const key of ["base→tuned", "tuned→base"] as const) {
      const { ratio, interval, n } = naturalness[key]!;
      expect(ratio).toBeGreaterThan(2.5);
      expect(interval[0]).toBeLessThanOrEqual(ratio);
      expect(interval[1]).toBeGreaterThanOrEqual(ratio);
      expect(n).toBe(200);
    }
  });

  it("is learned less well from shuffled labels", () => {
    const { iia } = further.shuffledLabels!;
    for (const key of ["base→base", "tuned→tuned"] as const) {
      expect(rate(iia[key]), key).toBeLessThan(rate(further.behaviourOnly!.iia[key]) - 0.2);
    }
  });

  it("has no isolation where no other variable decides the answer", () => {
    expect(further.isolation).toBeUndefined();
  });
});

describe("a model and its copy", () => {
  let further: FurtherMeasures;
  beforeAll(async () => {
    further = await measureAll(base, 1);
  });

  it("have one and the same subspace, without dormant directions in excess of the code's", () => {
    const { principalAngles, codeSize } = further.geometry;
    // the paired closed form of one model with itself is symmetric; learning keeps both equal up to float32 states
    expect(Math.max(...principalAngles!)).toBeLessThan(0.02);
    expect(Math.abs(codeSize.tuned! / codeSize.base! - 1)).toBeLessThan(1e-3);
  });

  it("need no more than two dimensions: the code is a circle", () => {
    const { points, n } = further.sizeCurve;
    expect(n).toBe(100);
    expect(points.map(({ k }) => k)).toEqual([1, 2, 4, 7, 8]);
    const at = (k: number): DirectedHits => points.find((point) => point.k === k)!.iia;
    expect(Object.keys(at(1)).sort()).toEqual(["base→base", "tuned→tuned"]);
    for (const key of ["base→base", "tuned→tuned"] as const) {
      expect(rate(at(1)[key]), key).toBeLessThan(0.7);
      expect(rate(at(2)[key]), key).toBeGreaterThan(0.95);
    }
  });

  it("are learned alike with other random numbers", () => {
    expect(further.repeats).toHaveLength(1);
    for (const key of DIRECTIONS) expect(rate(further.repeats[0]!.iia[key])).toBeGreaterThan(0.95);
  });

  it("answer all their items rightly", () => {
    expect(further.bothRight).toBe("1".repeat(200));
  });

  it("follow a source that knows the words of the prompt, which the control must show", () => {
    // each class has a word of its own here, so a random network's states tell the classes apart
    expect(rate(further.untrainedSource!.base!.iia)).toBeGreaterThan(0.8);
  });
});

describe("a network with random weights", () => {
  const prompts = [
    { ids: [5, 6, 7], position: 2 },
    { ids: [5, 6, 7, 8], position: 2 },
    { ids: [5, 6, 9], position: 2 },
  ];

  it("sees the prompt up to its position only, and every token of it", () => {
    const states = untrainedStates(prompts, { dModel: 16, seed: 3 });
    const [first, longer, other] = [0, 1, 2].map((i) => [...states.slice(i * 16, (i + 1) * 16)]);
    expect(longer).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("is another one for another seed", () => {
    const of = (seed: number): number[] => [...untrainedStates(prompts, { dModel: 16, seed })];
    expect(of(0)).not.toEqual(of(1));
    expect(of(0)).toEqual(of(0));
  });
});

describe("the dormant share of a subspace", () => {
  const random = stream(0, "dormant");
  /** States that vary in the first three of six coordinates only. */
  const states = matrix(
    40,
    6,
    Float64Array.from({ length: 240 }, (_, i) => (i % 6 < 3 ? random.normal() : 0)),
  );
  const along = (...at: number[]): Float64Array => {
    const rows = new Float64Array(at.length * 6);
    at.forEach((c, r) => (rows[r * 6 + c] = 1));
    return rows;
  };

  it("is 0 inside the natural variance, 1 outside, and the share of rows between", () => {
    // Gram matrix and its eigenvectors in double precision: errors of a few 1e-14 times the 40 states
    const tolerance = 1e-10;
    const of = (...at: number[]): number =>
      dormantShare(matrix(at.length, 6, along(...at)), states);
    expect(Math.abs(of(0, 1, 2))).toBeLessThan(tolerance);
    expect(Math.abs(of(3, 4) - 1)).toBeLessThan(tolerance);
    expect(Math.abs(of(0, 5) - 0.5)).toBeLessThan(tolerance);
  });
});

it("sizes of the curve are powers of two up to an eighth of the width, with the cell's own", () => {
  expect(curveSizes(7, 64)).toEqual([1, 2, 4, 7, 8]);
  expect(curveSizes(1, 576)).toEqual([1, 2, 4, 8, 16, 32]);
  expect(curveSizes(12, 40)).toEqual([1, 2, 4, 8, 12]);
});
