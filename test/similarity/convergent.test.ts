/** @file Convergent learning on units whose partners are planted. */
import { describe, expect, it } from "vitest";
import { matrix, rowRange, type Matrix } from "../../src/numeric/matrix.js";
import { unitInformation } from "../../src/similarity/mutual-information.js";
import { operatingPoint, predictSparsely } from "../../src/similarity/sparse-prediction.js";
import { clusterUnits } from "../../src/similarity/unit-clusters.js";
import { standardUnits, unitCorrelations } from "../../src/similarity/unit-correlation.js";
import { matchUnits } from "../../src/similarity/unit-matching.js";
import { stream } from "../../src/stats/stream.js";
import { gaussian } from "./draws.js";

/** The columns of `a` at `order`, each with noise of size `noise`. */
function unitsOf(
  a: Matrix,
  order: readonly number[],
  { noise, seed }: { noise: number; seed: number },
): Matrix {
  const extra = gaussian(stream(seed, "noise"), a.rows, order.length);
  const data = extra.data.map(
    (value, at) =>
      noise * value + a.data[Math.floor(at / order.length) * a.cols + order[at % order.length]!]!,
  );
  return matrix(a.rows, order.length, data);
}

describe("unit correlations", () => {
  it("are 1 with themselves, and 0 for a unit that does not vary", () => {
    const x = gaussian(stream(1, "units"), 50, 4);
    for (let r = 0; r < 50; r++) x.data[r * 4 + 2] = 7;
    const found = unitCorrelations(x, x);
    for (const unit of [0, 1, 3]) expect(found.data[unit * 5]).toBeCloseTo(1, 12);
    expect([...found.data.slice(8, 12)]).toEqual([0, 0, 0, 0]);
    expect(standardUnits(x).constant).toEqual([2]);
  });
});

describe("matching", () => {
  it("finds a planted permutation by correlation and by information", () => {
    const x = gaussian(stream(2, "units"), 400, 30);
    const order = stream(2, "order").shuffle([...Array(30).keys()]);
    const y = unitsOf(x, order, { noise: 0.3, seed: 3 });
    const expected = order.map((_, unit) => order.indexOf(unit));
    for (const scores of [unitCorrelations(x, y), unitInformation(x, y)]) {
      const { semi, bipartite, sameShare } = matchUnits(scores);
      expect([...semi.partner]).toEqual(expected);
      expect([...bipartite.partner]).toEqual(expected);
      expect(sameShare).toBe(1);
      expect(semi.meanScore).toBe(bipartite.meanScore);
    }
  });

  it("lets two units share the best partner only where partners need not be their own", () => {
    const scores = matrix(2, 2, Float64Array.of(0.9, 0.1, 0.8, 0.2));
    const { semi, bipartite, sameShare } = matchUnits(scores);
    expect([...semi.partner]).toEqual([0, 0]);
    expect([...bipartite.partner]).toEqual([0, 1]);
    expect(sameShare).toBe(0.5);
    expect(semi.meanScore).toBeGreaterThan(bipartite.meanScore);
  });
});

describe("mutual information", () => {
  it("of independent units is 0 on average, where the plug-in estimate is not", () => {
    const draw = stream(4, "information");
    const n = 1000;
    const found = unitInformation(gaussian(draw, n, 30), gaussian(draw, n, 30));
    const mean = found.data.reduce((sum, value) => sum + value, 0) / 900;
    const bias = (9 * 9) / (2 * n);
    // what Miller–Madow leaves is of the order of bins² / n²: .001 here, with 10 items per bin of the joint histogram
    expect(Math.abs(mean)).toBeLessThan(0.1 * bias);
  });

  it("of a unit with itself is the entropy of its bins less the correction", () => {
    const x = gaussian(stream(5, "information"), 500, 1);
    const [own] = unitInformation(x, x).data;
    expect(own).toBeCloseTo(Math.log(10) - (9 * 9) / 1000, 10);
    const constant = matrix(500, 1, new Float64Array(500).fill(3));
    expect(unitInformation(x, constant).data[0]).toBeCloseTo(0, 12);
  });
});

describe("sparse prediction", () => {
  it("uses one predictor for a copied unit and about three for a sum of three", () => {
    const draw = stream(6, "sparse");
    const x = gaussian(draw, 400, 25);
    const part = (y: Matrix) => ({
      fit: { x: rowRange(x, 0, 200), y: rowRange(y, 0, 200) },
      test: { x: rowRange(x, 200, 400), y: rowRange(y, 200, 400) },
    });
    const copied = unitsOf(x, [4, 9, 17], { noise: 0.3, seed: 7 });
    const sums = matrix(400, 2);
    for (let r = 0; r < 400; r++) {
      sums.data[2 * r] = x.data[25 * r]! + x.data[25 * r + 1]! + x.data[25 * r + 2]!;
      sums.data[2 * r + 1] = x.data[25 * r + 5]! - x.data[25 * r + 6]! + x.data[25 * r + 7]!;
    }
    const at = (y: Matrix, strength: number) => predictSparsely(part(y), [strength])[0]!;
    expect(at(copied, 0.2).predictors).toBe(1);
    expect(at(sums, 0.2).predictors).toBe(3);
    const levels = predictSparsely(part(sums));
    expect(levels[0]!.loss).toBeGreaterThan(0.4); // all weights are 0: half a variance
    expect(operatingPoint(levels)!.loss).toBeLessThan(0.01);
  });
});

describe("clusters of units", () => {
  /** Units of x: blocks 0, 1, 2 of five; of y: blocks 0, 1, 3. Each block mixes two factors of its own. */
  function blocks(items: number) {
    const draw = stream(8, "blocks");
    const factors = gaussian(draw, items, 8);
    const mixed = (block: number): number[][] =>
      Array.from({ length: 5 }, () => {
        const [a, b] = [draw.normal(), draw.normal()];
        return Array.from(
          { length: items },
          (_, r) =>
            a * factors.data[r * 8 + 2 * block]! +
            b * factors.data[r * 8 + 2 * block + 1]! +
            0.05 * draw.normal(),
        );
      });
    const side = (chosen: number[]): Matrix => {
      const columns = chosen.flatMap(mixed);
      const out = matrix(items, columns.length);
      columns.forEach((column, c) => {
        column.forEach((value, r) => (out.data[r * columns.length + c] = value));
      });
      return out;
    };
    return { x: side([0, 1, 2]), y: side([0, 1, 3]) };
  }

  it("are the planted blocks; shared ones have small angles, others are of one model alone", () => {
    const found = clusterUnits(blocks(600), { k: 4, random: stream(9, "clusters") });
    const names = found.map(({ x, y }) => `${x.join()}|${y.join()}`).sort();
    expect(names).toEqual([
      "0,1,2,3,4|0,1,2,3,4",
      "10,11,12,13,14|",
      "5,6,7,8,9|5,6,7,8,9",
      "|10,11,12,13,14",
    ]);
    for (const { x, y, angles } of found) {
      expect(angles === undefined).toBe(x.length === 0 || y.length === 0);
      // two shared factors per block: two small angles, the others are between noises
      if (angles) expect(angles[1]!).toBeLessThan(0.15);
    }
  });

  it("are as many as blocks by the eigengap", () => {
    expect(clusterUnits(blocks(600), { random: stream(9, "clusters") })).toHaveLength(4);
  });
});
