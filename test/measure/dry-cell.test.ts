/** @file The dry cell: a cell like others, so that what it takes is what others take. */
import { describe, expect, it } from "vitest";
import { measureCell } from "../../src/measure/cell.js";
import { dryCell } from "../../src/measure/dry-cell.js";
import { DIRECTIONS } from "../../src/measure/measures.js";
import { rate } from "../support/toy-world.js";

const SIZE = { items: 60, dModel: { base: 16, tuned: 12 }, k: 2, trials: 70, validation: 20 };

describe("a dry cell", () => {
  it("is learned in both models, to the last of its steps", async () => {
    const { measures } = await measureCell(dryCell({ ...SIZE, steps: 3 }));
    expect(measures.learning).toMatchObject({ trained: ["base", "tuned"], steps: 3 });
    const [{ target, iia } = { target: [], iia: {} }] = measures.trials;
    expect(target).toHaveLength(SIZE.trials);
    for (const way of DIRECTIONS) expect(rate(iia[way]), way).toBe(1);
  });

  it("has the derivative of its loss", async () => {
    const { sides, pairs } = dryCell({ ...SIZE, steps: 0 });
    const { continuation, states, dModel } = sides.base;
    const at = Float32Array.from(states.subarray(0, dModel), (x, i) => (i === 0 ? 0.25 : x));
    const item = pairs.test.target.subarray(0, 1);
    const label = Int32Array.of(1);
    const loss = async (x: number): Promise<number> =>
      (await continuation.backward(item, Float32Array.of(x, ...at.subarray(1)), label))
        .lossNats[0]!;
    const step = 0.01;
    const difference = ((await loss(0.25 + step)) - (await loss(0.25 - step))) / (2 * step);
    const { gradient } = await continuation.backward(item, at, label);
    // float32 losses, 6e-8 each, over a step of .02; the third derivative of softplus is below .1
    expect(Math.abs(gradient[0]! - difference)).toBeLessThan(2 * (6e-8 / step) + step ** 2);
    expect([...gradient.subarray(1)].every((x) => x === 0)).toBe(true);
  });
});
