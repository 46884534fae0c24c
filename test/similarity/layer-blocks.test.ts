/** @file Blocks of layers: found where they are planted, and neither among exchangeable layers nor along a drift. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrix, type Matrix } from "../../src/numeric/matrix.js";
import { partitions, squaresOf } from "../../src/similarity/contiguous-partition.js";
import { findBlocks } from "../../src/similarity/layer-blocks.js";
import { proposePairs } from "../../src/similarity/layer-pairs.js";
import { stream } from "../../src/stats/stream.js";

/** Symmetric `[m, m]`, 0 on the diagonal. */
function symmetric(m: number, distance: (i: number, j: number) => number): Matrix {
  const out = matrix(m, m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < i; j++) out.data[i * m + j] = out.data[j * m + i] = distance(i, j);
  }
  return out;
}

function euclidean(points: readonly (readonly number[])[]): Matrix {
  return symmetric(points.length, (i, j) =>
    Math.hypot(...points[i]!.map((value, k) => value - points[j]![k]!)),
  );
}

describe("contiguous partitions", () => {
  it("are the best of all, by trying all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 9 }), fc.integer(), (m, seed) => {
        const draw = stream(seed >>> 0, "points");
        const squares = squaresOf(symmetric(m, () => draw.next()));
        partitions(squares).forEach(({ cost, blocks }, k) => {
          expect(blocks).toHaveLength(k + 1);
          expect(Math.abs(costOf(squares, blocks) - cost)).toBeLessThan(1e-12);
          const all = allPartitions(0, m, k + 1).map((each) => costOf(squares, each));
          expect(Math.abs(Math.min(...all) - cost)).toBeLessThan(1e-12);
        });
      }),
      { numRuns: 20 },
    );
  });
});

type Blocks = readonly (readonly [number, number])[];

function costOf({ cols, data }: Matrix, blocks: Blocks): number {
  let total = 0;
  for (const [first, last] of blocks) {
    for (let i = first; i <= last; i++) {
      for (let j = first; j < i; j++) total += data[i * cols + j]! / (last - first + 1);
    }
  }
  return total;
}

function allPartitions(first: number, m: number, count: number): Blocks[] {
  if (count === 1) return first < m ? [[[first, m - 1]]] : [];
  return Array.from({ length: m - first }, (_, i) => first + i).flatMap((last) =>
    allPartitions(last + 1, m, count - 1).map((rest) => [[first, last] as const, ...rest]),
  );
}

describe("blocks of layers", () => {
  it("are those planted", () => {
    const draw = stream(1, "planted");
    const block = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2];
    const points = block.map((own) =>
      Array.from({ length: 6 }, (_, k) => (k === own ? 3 : 0) + 0.4 * draw.normal()),
    );
    const found = findBlocks(euclidean(points), stream(1, "orders"));
    expect(found.blocks).toEqual([
      [0, 3],
      [4, 6],
      [7, 11],
    ]);
    expect(found.reason).toBeUndefined();
    expect(found.p).toBeLessThan(0.01);
    expect(found.tighter).toBeGreaterThan(0.5);
  });

  it("are found among exchangeable layers at most as often as p says", () => {
    const runs = 60;
    const alarms = Array.from({ length: runs }, (_, seed) => {
      const draw = stream(seed, "exchangeable");
      const points = Array.from({ length: 10 }, () => [draw.normal(), draw.normal()]);
      const { p = 1 } = findBlocks(euclidean(points), stream(seed, "orders"));
      return p <= 0.05 ? 1 : 0;
    }).reduce<number>((total, alarm) => total + alarm, 0);
    // 3 expected; 9 or more with probability .003 (binomial), and the seeds are fixed
    expect(alarms).toBeLessThan(9);
  });

  it("are none where layers drift steadily, do not differ, or are few", () => {
    const none = (distances: Matrix): string | undefined => {
      const { blocks, reason } = findBlocks(distances, stream(3, "orders"));
      expect(blocks).toEqual([]);
      return reason;
    };
    expect(none(symmetric(12, (i, j) => i - j))).toBe("a steady drift, without boundaries");
    expect(none(matrix(12, 12))).toBe("the layers do not differ");
    expect(none(symmetric(6, () => 1))).toContain("fewer than 7 layers");
    // all equally far apart: every partition costs what those of any other order cost
    expect(none(symmetric(12, () => 1))).toBe("layers in random order form blocks as good");
  });
});

describe("pairs of layers", () => {
  const layers = { base: [0, 1, 2, 3], tuned: [0, 1, 2] };
  const between = [
    [0, 0, 0],
    [0, 0.5, 0.2],
    [0, null, 0.3],
    [0, null, null],
  ];
  const within = [
    [0, 9, 9, 9],
    [9, 0, 3, 1],
    [9, 3, 0, 1],
    [9, 1, 1, 0],
  ];

  it("are one per base layer without blocks, without layer 0 and layers that have no distances", () => {
    expect(proposePairs({ layers, between, within, blocks: [] })).toEqual([
      { base: 1, tuned: 2, distance: 0.2 },
      { base: 2, tuned: 2, distance: 0.3 },
    ]);
  });

  it("begin at the middle layer of each block", () => {
    const full = between.map((row) => row.map((value) => value ?? 0.4));
    const blocks = [[0], [1, 2, 3]];
    expect(proposePairs({ layers, between: full, within, blocks })).toEqual([
      { base: 3, block: 1, tuned: 1, distance: 0.4 },
    ]);
  });
});
