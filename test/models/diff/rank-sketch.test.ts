/** @file The rank of a difference from a sketch of it. */
import { describe, expect, it } from "vitest";
import { RankSketch } from "../../../src/models/diff/rank-sketch.js";
import { stream } from "../../../src/stats/stream.js";

const [ROWS, COLUMNS] = [60, 50];

/** W and W + a sum of `rank` outer products, rounded to float32 as a merged adapter is. */
function pair(rank: number, size = 0.01): { x: Float32Array; y: Float32Array } {
  const rng = stream(rank, "rank");
  const x = Float32Array.from({ length: ROWS * COLUMNS }, () => rng.normal());
  const y = x.slice();
  for (let k = 0; k < rank; k++) {
    const left = Array.from({ length: ROWS }, () => size * rng.normal());
    const right = Array.from({ length: COLUMNS }, () => rng.normal());
    y.forEach((w, i) => (y[i] = w + left[Math.floor(i / COLUMNS)]! * right[i % COLUMNS]!));
  }
  return { x, y };
}

function rankOf({ x, y }: ReturnType<typeof pair>, strip = ROWS): number | undefined {
  const sketch = new RankSketch(ROWS, COLUMNS);
  for (let row = 0; row < ROWS; row += strip) {
    const part = [row * COLUMNS, (row + strip) * COLUMNS] as const;
    sketch.add(row, x.slice(...part), y.slice(...part));
  }
  return sketch.rank();
}

describe("the rank of a difference", () => {
  it.each([1, 2, 8, 16, 20])("is found where it is %d", (rank) => {
    expect(rankOf(pair(rank))).toBe(rank);
  });

  it("is the same read in strips", () => {
    expect(rankOf(pair(5), 7)).toBe(5);
  });

  it.each([21, 24, 40])("is not told where it is %d: the sketch is too narrow", (rank) => {
    expect(rankOf(pair(rank))).toBeUndefined();
  });

  it("is not told of no difference, and of NaN", () => {
    expect(rankOf(pair(0))).toBeUndefined();
    const { x, y } = pair(1);
    y[3] = NaN;
    expect(rankOf({ x, y })).toBeUndefined();
  });

  it("is looked for only where it could be low and costs little", () => {
    expect(RankSketch.fits(24, 1000)).toBe(false);
    expect(RankSketch.fits(25, 1000)).toBe(true);
    expect(RankSketch.fits(50_000, 4000)).toBe(false);
  });
});
