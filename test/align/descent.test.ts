/** @file Which pairs a descent runs, and when. */
import { describe, expect, it } from "vitest";
import { countPairs, descend, largestBatch } from "../../src/align/descent.js";
import { LEARNING_DEFAULTS, type LearningOptions } from "../../src/align/learner.js";
import { matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";

const START = matrix(1, 2, Float64Array.of(1, 0));

interface Drawn {
  readonly step: number;
  readonly lists: readonly (readonly number[])[];
  /** Batches that the step after it looked at. */
  looked: number;
}

/** The batches of a descent on nothing. */
async function follow(
  options: Partial<LearningOptions>,
  { nPairs, directions, seed = 0 }: { nPairs: number; directions: number; seed?: number },
): Promise<readonly Drawn[]> {
  const drawn: Drawn[] = [];
  await descend<Drawn>({
    ...{ name: "nothing", start: [START], nPairs, directions, random: stream(seed, "test") },
    options: { ...LEARNING_DEFAULTS, patience: Infinity, ...options },
    run: (_, chosen, step) => {
      const batch = { step, lists: chosen.map((list) => [...list]), looked: 0 };
      drawn.push(batch);
      return Promise.resolve(batch);
    },
    slope: (_, batches) => {
      drawn.at(-1)!.looked = batches.length;
      return { loss: 1, gradients: [matrix(1, 2, Float64Array.of(0, 0.1))] };
    },
    validate: () => Promise.resolve(1),
  });
  return drawn;
}

describe("a descent", () => {
  it("runs two double batches while the first would serve, then one for each stretch of steps", async () => {
    const sizes = { steps: 25, pairsPerBatch: 6, stepsPerBatch: 10, batchesKept: 3 };
    const drawn = await follow(sizes, { nPairs: 500, directions: 2 });
    expect(drawn.map(({ step, lists }) => [step, ...lists.map((list) => list.length)])).toEqual([
      [1, 12, 12],
      [6, 12, 12],
      [11, 6, 6],
      [21, 6, 6],
    ]);
    expect(drawn.map(({ looked }) => looked)).toEqual([1, 2, 3, 3]);
    expect(countPairs(25, sizes)).toEqual({
      run: 36,
      seen: 5 * 12 + 5 * 24 + 10 * 30 + 5 * 24,
    });
    expect(largestBatch(sizes)).toBe(12);
  });

  it("runs every batch anew where none serves longer than a step", async () => {
    const sizes = { steps: 3, pairsPerBatch: 6, stepsPerBatch: 1, batchesKept: 1 };
    const drawn = await follow(sizes, { nPairs: 500, directions: 1 });
    expect(drawn.map(({ lists }) => lists[0]!.length)).toEqual([6, 6, 6]);
    expect(countPairs(3, sizes)).toEqual({ run: 18, seen: 18 });
  });

  it("gives each direction stretches of its own, and each pair to all before any comes again", async () => {
    const sizes = { steps: 24, pairsPerBatch: 4, stepsPerBatch: 1, batchesKept: 1 };
    for (const seed of [0, 1, 2]) {
      const drawn = await follow(sizes, { nPairs: 96, directions: 4, seed });
      const lists = drawn.map((batch) => batch.lists);
      for (const list of lists.flat()) {
        expect(list[0]! % 2).toBe(0);
        expect(list).toEqual(list.map((_, i) => (list[0]! + i) % 96));
      }
      const all = Array.from({ length: 96 }, (_, i) => i);
      const sorted = (pairs: readonly number[]): number[] => [...pairs].sort((a, b) => a - b);
      // one direction through all steps, and all directions through the first quarter of them
      for (const way of all.slice(0, 4)) {
        expect(sorted(lists.flatMap((each) => each[way]!))).toEqual(all);
      }
      expect(sorted(lists.slice(0, 6).flat(2))).toEqual(all);
    }
    const firsts = [0, 1, 2].map((seed) => follow(sizes, { nPairs: 96, directions: 2, seed }));
    const places = (await Promise.all(firsts)).map((drawn) => drawn[0]!.lists[0]![0]);
    expect(new Set(places).size).toBeGreaterThan(1);
  });

  it("takes all pairs where fewer exist than a batch asks for", async () => {
    const sizes = { steps: 2, pairsPerBatch: 8, stepsPerBatch: 1, batchesKept: 1 };
    const drawn = await follow(sizes, { nPairs: 3, directions: 2 });
    for (const { lists } of drawn)
      for (const list of lists) expect([...list].sort()).toEqual([0, 1, 2]);
  });
});
