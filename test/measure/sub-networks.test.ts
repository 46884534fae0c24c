/** @file Sub-networks of two models: a turned copy lies at 0 from its own layers, and planted blocks are found in both. */
import { expect, it } from "vitest";
import { randomSubspace } from "../../src/align/stiefel.js";
import { findSubNetworks, type SubNetworks } from "../../src/measure/sub-networks.js";
import type { ModelStates } from "../../src/measure/layer-states.js";
import { matrix, multiply, takeRows, type Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import { gaussian } from "../similarity/draws.js";

const PROMPTS = 30;
const WIDTH = 6;
/** Float32 states: squares of distances to 2⁻²³ of inner products of about 10, and their root in the distance. */
const NOTHING = 1e-5;

/** Layers 0–3 and 4–8: each block about its own arrangement of the prompts; layer 0 says nothing where `isFlat`. */
function planted(isFlat = false): Map<number, Matrix> {
  const draw = stream(1, "planted");
  const centres = [gaussian(draw, PROMPTS, WIDTH), gaussian(draw, PROMPTS, WIDTH)];
  return new Map(
    Array.from({ length: 9 }, (_, layer) => {
      const centre = centres[layer < 4 ? 0 : 1]!;
      const own = gaussian(draw, PROMPTS, WIDTH);
      const data = centre.data.map((value, at) => value + 0.1 * own.data[at]!);
      return [layer, matrix(PROMPTS, WIDTH, isFlat && layer === 0 ? data.fill(2) : data)] as const;
    }),
  );
}

const modelOf = (layers: ReadonlyMap<number, Matrix>): ModelStates => ({
  dModel: WIDTH,
  states: new Map([...layers].map(([layer, { data }]) => [layer, Float32Array.from(data)])),
});

async function found(base: ModelStates, tuned: ModelStates): Promise<SubNetworks> {
  let [steps, total] = [0, 0];
  const result = await findSubNetworks({
    ...{ base, tuned, random: stream(2, "sub-networks") },
    begin: (count) => (total = count),
    step: () => {
      steps++;
      return Promise.resolve();
    },
  });
  expect(steps).toBe(total);
  return result;
}

it("finds layers of a turned and scaled copy at 0, planted blocks, and one pair per block", async () => {
  const base = planted();
  const turn = randomSubspace(WIDTH, WIDTH, stream(3, "turn"));
  const turned = new Map(
    [...base].map(([layer, states]) => {
      const { data, ...shape } = multiply(states, turn);
      return [layer, { ...shape, data: data.map((value) => 4 * value + 1) }];
    }),
  );
  const { between, paired, blocks, pairs, n } = await found(modelOf(base), modelOf(turned));
  expect(n).toBe(PROMPTS);
  between.forEach((row, i) => {
    expect(row[i]).toBeLessThan(NOTHING);
    row.forEach((value, j) => {
      expect(value).toBeLessThanOrEqual(paired[i]![j]!);
    });
  });
  for (const side of ["base", "tuned"] as const) {
    expect(blocks[side].blocks).toEqual([
      [0, 3],
      [4, 8],
    ]);
  }
  expect(pairs.map(({ block }) => block)).toEqual([0, 1]);
  for (const { base: own, tuned } of pairs) expect(tuned).toBe(own);
});

it("does not mind the order of the prompts of one model", async () => {
  const base = planted();
  const order = stream(4, "order").shuffle([...Array(PROMPTS).keys()]);
  const shuffled = new Map([...base].map(([layer, states]) => [layer, takeRows(states, order)]));
  const { within } = await found(modelOf(base), modelOf(shuffled));
  within.base.forEach((row, i) => {
    row.forEach((value, j) => {
      // the same problem, whose random starts are other ones: the best of them may differ
      expect(Math.abs(value! - within.tuned[i]![j]!)).toBeLessThan(0.05);
    });
  });
});

it("leaves out a layer that does not vary, and says so by null", async () => {
  const base = modelOf(planted(true));
  const { between, within, blocks, pairs } = await found(base, base);
  expect(between[0]!.every((value) => value === null)).toBe(true);
  expect(within.base.map((row) => row[0])).toEqual(Array(9).fill(null));
  expect(blocks.base.blocks).toEqual([
    [1, 3],
    [4, 8],
  ]);
  expect(pairs.every((pair) => pair.base > 0)).toBe(true);
});
