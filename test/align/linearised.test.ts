/** @file Answers that are carried to states nearby: exact where they were run, and wherever log-odds are linear. */
import { describe, expect, it } from "vitest";
import type { LearningModel } from "../../src/align/learner.js";
import { carry, linearise } from "../../src/align/linearised.js";
import { dealPairs, type Batch, type Point } from "../../src/align/batch.js";
import { gradientAt, runBatch, slopeAt } from "../../src/align/objective.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import { toyLearning } from "../support/toy-learning.js";

/** Losses and gradients come as float32: 6e-8 of numbers of size 1 to 10, summed over some dozens of rows. */
const FLOAT32 = 1e-5;
const CALLS = { maxRows: 7, where: "test" };

const pointOf = (models: readonly LearningModel[], name: string): Point => ({
  models,
  subspaces: models.map(({ start: { rows, cols } }, i) =>
    randomSubspace(rows, cols, stream(i, name)),
  ),
});
/** Pairs of its own for each of the four directions. */
const chosen = (models: readonly LearningModel[], from: number, to: number): Batch["chosen"] =>
  dealPairs(
    models,
    Array.from({ length: 4 }, (_, way) =>
      Int32Array.from({ length: to - from }, (_, i) => 12 * way + from + i),
    ),
  );

function expectClose(
  found: Awaited<ReturnType<typeof gradientAt>>,
  expected: Awaited<ReturnType<typeof gradientAt>>,
): void {
  expect(Math.abs(found.loss - expected.loss)).toBeLessThan(FLOAT32);
  for (const [m, gradient] of found.gradients.entries()) {
    const other = expected.gradients[m]!.data;
    gradient.data.forEach((x, i) => {
      expect(Math.abs(x - other[i]!)).toBeLessThan(FLOAT32);
    });
  }
}

describe.each([0, 0.3])("with λ = %d", (naturalness) => {
  it("two classes of a linear readout are carried exactly, however far", async () => {
    const { models, pairs } = toyLearning(2);
    const batch: Batch = { split: "train", pairs, chosen: chosen(models, 0, 12) };
    const [here, there] = [pointOf(models, "here"), pointOf(models, "there")];
    const carried = slopeAt(there, [await runBatch(here, batch, CALLS)], { naturalness });
    expectClose(carried, await gradientAt(there, batch, { ...CALLS, naturalness }));
    // … and the two points differ
    const at = await gradientAt(here, batch, { ...CALLS, naturalness });
    expect(Math.abs(at.loss - carried.loss)).toBeGreaterThan(100 * FLOAT32);
  });

  it("more classes are not: log-odds bend", async () => {
    const { models, pairs } = toyLearning(4);
    const batch: Batch = { split: "train", pairs, chosen: chosen(models, 0, 12) };
    const [here, there] = [pointOf(models, "here"), pointOf(models, "there")];
    const carried = slopeAt(there, [await runBatch(here, batch, CALLS)], { naturalness });
    const exact = await gradientAt(there, batch, { ...CALLS, naturalness });
    expect(Math.abs(carried.loss - exact.loss)).toBeGreaterThan(100 * FLOAT32);
  });

  it("batches that were run apart count as if they were one", async () => {
    const { models, pairs } = toyLearning(4);
    const point = pointOf(models, "here");
    const of = (from: number, to: number): Batch => ({
      ...{ split: "train", pairs },
      chosen: chosen(models, from, to),
    });
    const parts = await Promise.all(
      [of(0, 5), of(5, 6), of(6, 12)].map((batch) => runBatch(point, batch, CALLS)),
    );
    expectClose(
      slopeAt(point, parts, { naturalness }),
      await gradientAt(point, of(0, 12), { ...CALLS, naturalness }),
    );
  });
});

describe("a row", () => {
  const at = (lossNats: number, gradient: readonly number[]): { loss: number; moved: number[] } => {
    const rows = linearise(
      { lossNats: Float32Array.of(lossNats), gradient: Float32Array.from(gradient) },
      Float32Array.of(1, -2),
    );
    const into = matrix(1, 2);
    const loss = carry(rows, 0, { state: Float64Array.of(1, -2), weight: 3, into, at: 0 });
    return { loss, moved: [...into.data] };
  };

  it.each([1e-4, 0.5, 3, 40, 800])(
    "of %d nats keeps its loss and gradient where it was run",
    (nats) => {
      const { loss, moved } = at(nats, [0.5, -0.25]);
      expect(Math.abs(loss - Math.fround(nats))).toBeLessThan(1e-9 * (1 + nats));
      expect(Math.abs(moved[0]! - 1.5)).toBeLessThan(1e-6);
      expect(Math.abs(moved[1]! + 0.75)).toBeLessThan(1e-6);
    },
  );

  it.each([0, 1e-7])("of %d nats has nothing left to gain, and no slope", (nats) => {
    const { loss, moved } = at(nats, [1e-7, 1e-7]);
    expect(loss).toBeLessThan(1e-6);
    expect(moved).toEqual([0, 0]);
  });
});
