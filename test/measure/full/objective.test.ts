import { describe, expect, it } from "vitest";
import { randomSubspace } from "../../../src/align/stiefel.js";
import { prepareContextModel } from "../../../src/measure/full/context-model.js";
import {
  contextGradientAt,
  contextLossAt,
  type ContextLearner,
  type ContextPoint,
} from "../../../src/measure/full/objective.js";
import { distinctRows, layOutRows } from "../../../src/measure/full/token-rows.js";
import { drawTextPairs } from "../../../src/measure/full/text-pairs.js";
import { matrix, type Matrix } from "../../../src/numeric/matrix.js";
import { stream } from "../../../src/stats/stream.js";
import { WORLD, worldItems, worldSide } from "./context-world.js";

const K = 3;
// patched states are float32: a loss near 1 carries ε ≈ 10⁻⁷ · √rows, over 2h = 2·10⁻³ that is 10⁻⁴; directions have a length of 5, and the slope bends by (5h)²
const STEP = 1e-3;
const TOLERANCE = 1e-3;

const items = worldItems();
const rows = layOutRows(items.map(({ ids }) => ids.length));
const all = [...items.keys()];

function pointWith(naturalness: number): ContextPoint {
  const learners = [{ name: "a" }, { name: "b", rotated: 3 }].map((model, i): ContextLearner => {
    const { states, dModel, continuation } = worldSide(items, model);
    const train = distinctRows(rows, Int32Array.from(all), items);
    return {
      model: prepareContextModel({ raw: states, dModel, train }),
      continuation,
      start: randomSubspace(K, dModel, stream(17, `start/${i}`)),
    };
  });
  return {
    ...{ learners, rows, naturalness },
    subspaces: learners.map(({ start }) => start),
    pairs: drawTextPairs({ items, members: all, n: 24, stream: stream(19, "pairs") }),
  };
}

/** One subspace moved along a direction; not orthonormal, which the objective does not need. */
function moved(point: ContextPoint, at: number, by: Matrix, step: number): ContextPoint {
  const subspaces = point.subspaces.map((p, i) =>
    i === at
      ? matrix(
          p.rows,
          p.cols,
          p.data.map((x, j) => x + step * by.data[j]!),
        )
      : p,
  );
  return { ...point, subspaces };
}

describe("the objective of whole contexts", () => {
  it.each([0, 0.3])("has the derivative of central differences, λ = %s", async (naturalness) => {
    const point = pointWith(naturalness);
    const { gradients } = await contextGradientAt(point);
    const random = stream(23, "directions");
    for (const at of [0, 1]) {
      const by = matrix(
        K,
        WORLD.dModel,
        Float64Array.from({ length: K * WORLD.dModel }, () => random.normal()),
      );
      const above = await contextLossAt(moved(point, at, by, STEP));
      const below = await contextLossAt(moved(point, at, by, -STEP));
      const numeric = (above - below) / (2 * STEP);
      const analytic = gradients[at]!.data.reduce((sum, g, j) => sum + g * by.data[j]!, 0);
      expect(Math.abs(analytic)).toBeGreaterThan(1e-2);
      expect(Math.abs(numeric - analytic)).toBeLessThan(
        TOLERANCE * Math.max(1, Math.abs(analytic)),
      );
    }
  });

  it("gives one loss with and without a gradient", async () => {
    const point = pointWith(0.3);
    const { loss } = await contextGradientAt(point);
    expect(Math.abs(loss - (await contextLossAt(point)))).toBeLessThan(1e-6);
  });

  it("is 0 for a model with itself in its full width: the whole context arrives, and naturally", async () => {
    const { learners, ...rest } = pointWith(0.3);
    const whole = randomSubspace(WORLD.dModel, WORLD.dModel, stream(29, "whole"));
    const alone = { ...rest, learners: learners.slice(0, 1), subspaces: [whole] };
    expect(Math.abs(await contextLossAt(alone))).toBeLessThan(1e-6);
  });
});
