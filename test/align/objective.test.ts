/** @file The whole objective, behaviour and naturalness, has the gradient that learning uses. */
import { describe, expect, it } from "vitest";
import { dealPairs, type Batch, type Point } from "../../src/align/batch.js";
import { gradientAt, lossAt } from "../../src/align/objective.js";
import { projectToTangent, retract } from "../../src/align/stiefel.js";
import { dot } from "../../src/numeric/vector.js";
import { matrix, row, type Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import { toyLearning } from "../support/toy-learning.js";

/**
 * Patched states are float32 (about 1e-6 of a loss of size 1 to 10), so h = 3e-3 gives a difference good to 1e-3
 * of a derivative of size 1; the curvature at that h adds as much.
 */
const H = 3e-3;
const DIFFERENCE = 5e-3;

const { models, pairs } = toyLearning(4);
const point: Point = { models, subspaces: models.map(({ start }) => start) };
/** Pairs of its own for each direction. */
const lists = [0, 1, 2, 3].map((way) => Int32Array.from({ length: 12 }, (_, i) => 12 * way + i));
const batch: Batch = { split: "train", pairs, chosen: dealPairs(models, lists) };

function slope(
  point: Point,
  batch: Batch,
  { m, along, naturalness }: { m: number; along: Matrix; naturalness: number },
): Promise<number> {
  const at = (h: number): Promise<number> => {
    const step = matrix(
      along.rows,
      along.cols,
      along.data.map((x) => h * x),
    );
    const subspaces = point.subspaces.map((p, i) => (i === m ? retract(p, step) : p));
    return lossAt({ ...point, subspaces }, batch, { naturalness, maxRows: 256, where: "test" });
  };
  return Promise.all([at(H), at(-H)]).then(([up, down]) => (up - down) / (2 * H));
}

describe.each([0, 0.3, 5])("gradientAt with λ = %d", (naturalness) => {
  it("agrees with differences of the loss along tangent directions, and reports the same loss", async () => {
    const options = { naturalness, maxRows: 7, where: "test" };
    const { loss, gradients } = await gradientAt(point, batch, options);
    expect(Math.abs(loss - (await lossAt(point, batch, options)))).toBeLessThan(1e-5); // float32 log-probabilities
    for (const [m, p] of point.subspaces.entries()) {
      const draw = stream(m, "along");
      const along = projectToTangent(
        matrix(
          p.rows,
          p.cols,
          p.data.map(() => draw.normal()),
        ),
        p,
      );
      const claimed = dot(row(gradients[m]!, 0), row(along, 0), along.data.length);
      const found = await slope(point, batch, { m, along, naturalness });
      expect(Math.abs(claimed - found)).toBeLessThan(DIFFERENCE * (1 + Math.abs(found)));
      expect(Math.abs(-claimed - found)).toBeGreaterThan(DIFFERENCE); // a flipped sign would be noticed
    }
  });
});
