/** @file Small networks run step by step: nothing changes unless it is patched, and gradients through time are right. */
import { afterAll, describe, expect, it } from "vitest";
import { hierarchicalEquality } from "../../../audits/equality/hierarchical-equality.js";
import { NUMBER_TASKS } from "../../../audits/numbers/index.js";
import { continueFrom } from "../../../src/measure/networks/continuation.js";
import { restOf } from "../../../src/measure/networks/episode.js";
import { runNaturally } from "../../../src/measure/networks/natural-run.js";
import {
  featureRuns,
  sequenceRuns,
  type RunTask,
} from "../../../src/measure/networks/placed-run.js";
import { openSteps } from "../../../src/measure/networks/steps.js";
import { readNetwork } from "../../../src/models/network/network.js";
import { stream } from "../../../src/stats/stream.js";

/** One of each kind of carried state. */
const NETWORKS = [
  "equality-1",
  "multi-object-gru-rotated",
  "multi-object-lstm-1",
  "multi-object-transformer-1",
] as const;
const ROWS = 12;
/** Random directions that the gradient is tried along. */
const DIRECTIONS = 3;
/**
 * Central differences of float32 losses: rounding 2^-24 × a loss below 20, over the step 2e-2, is below 1e-4; the third
 * derivative along a unit direction adds as much. Compared with gradients whose size along a direction is near .1.
 */
const STEP = 1e-2;
const DIFFERENCE = 3e-3;
/** One-sided slopes of a smooth loss differ by the step times its curvature, which stays below 2 here. */
const KINK = 2e-2;

function taskOf(id: string): RunTask {
  const found = NUMBER_TASKS.find((task) => task.id === id);
  return found === undefined ? featureRuns(hierarchicalEquality) : sequenceRuns(found);
}

describe.each(NETWORKS)("%s", (name) => {
  const steps = openSteps(readNetwork(`fixtures/networks/${name}`), { threads: 1 });
  afterAll(() => steps.release());
  const task = taskOf(steps.network.task);
  const random = stream(1, `continuation/${name}`);
  const runs = Array.from({ length: ROWS }, () => task.draw(random));
  const natural = runNaturally(
    steps,
    runs.map(({ run }) => run),
    Int32Array.from(runs, ({ place }) => place),
  );
  const episodes = Int32Array.from(runs.keys());
  const behaviour = natural.then(({ carry, rightBefore }) =>
    continueFrom(steps, {
      carry,
      rests: runs.map(({ run, place }, i) => ({
        ...restOf(run, place),
        place: i,
        rightBefore: rightBefore[i] === 1,
      })),
    }),
  );

  it("goes on as if nothing had happened from its own states", async () => {
    const { states, right } = await natural;
    const { right: after } = await (await behaviour).run({ episodes, states, mode: "trial" });
    expect([...after]).toEqual([...right]);
    expect(right.reduce((sum, hit) => sum + hit, 0)).toBeGreaterThan(0.9 * ROWS);
  });

  it("has the gradient of finite differences, back through all steps", async () => {
    const { states } = await natural;
    const run = await behaviour;
    const noise = Float32Array.from(states, () => 0.3 * random.normal()); // away from saturated answers
    const at = states.map((value, i) => value + noise[i]!);
    const { slope } = await run.run({ episodes, states: at, mode: "slope" });
    const forced = async (moved: Float32Array): Promise<Float64Array> =>
      (await run.run({ episodes, states: moved, mode: "loss" })).lossNats;
    const { d } = steps.network;
    const here = await forced(at);
    let compared = 0;
    for (let k = 0; k < DIRECTIONS; k++) {
      const way = Float32Array.from(states, () => random.normal() / Math.sqrt(d));
      const [up, down] = [
        await forced(at.map((value, i) => value + STEP * way[i]!)),
        await forced(at.map((value, i) => value - STEP * way[i]!)),
      ];
      for (let row = 0; row < ROWS; row++) {
        const [right, left] = [up[row]! - here[row]!, here[row]! - down[row]!];
        // a ReLU that switches within the step has no one slope there
        if (Math.abs(right - left) / STEP > KINK) continue;
        compared++;
        const found = (right + left) / (2 * STEP);
        let expected = 0;
        for (let c = 0; c < d; c++) expected += slope![row * d + c]! * way[row * d + c]!;
        const size = Math.max(1, Math.abs(expected));
        expect(Math.abs(found - expected) / size, `row ${row}`).toBeLessThan(DIFFERENCE);
      }
    }
    expect(compared).toBeGreaterThan((DIRECTIONS * ROWS) / 2);
  });

  describe("patched at all positions up to the place", () => {
    const places = Int32Array.from(runs, ({ place }) => place);
    const own = runNaturally(
      steps,
      runs.map(({ run }) => run),
      places,
      true,
    );
    const stepwise = continueFrom(steps, {
      carry: {},
      rests: runs.map(({ run, place }, i) => ({
        ...restOf(run, place),
        ...{ place: i, rightBefore: true },
        before: run.inputs instanceof Int32Array ? run.inputs.slice(0, place) : new Int32Array(0),
      })),
    });
    const all = own.then(({ states, earlier }) => Float32Array.from([...states, ...earlier]));

    it("goes on as if nothing had happened from its own states", async () => {
      const { states } = await natural;
      const single = await (await behaviour).run({ episodes, states, mode: "loss" });
      const found = await stepwise.run({ episodes, states: await all, mode: "loss" });
      // the same float32 steps, in batches of other rows
      found.lossNats.forEach((loss, row) => {
        expect(Math.abs(loss - single.lossNats[row]!)).toBeLessThan(1e-5);
      });
    });

    it("has the gradient of finite differences, of every state that was put in", async () => {
      const noise = (await all).map(() => 0.3 * random.normal());
      const at = (await all).map((value, i) => value + noise[i]!);
      const { slope } = await stepwise.run({ episodes, states: at, mode: "slope" });
      expect(slope).toHaveLength(at.length);
      const lossAt = async (moved: Float32Array): Promise<number> => {
        const { lossNats } = await stepwise.run({ episodes, states: moved, mode: "loss" });
        return lossNats.reduce((sum, loss) => sum + loss, 0);
      };
      let compared = 0;
      const here = await lossAt(at);
      for (let k = 0; k < 4 * DIRECTIONS; k++) {
        const way = at.map(() => random.normal() / Math.sqrt(at.length));
        const [up, down] = [
          await lossAt(at.map((value, i) => value + STEP * way[i]!)),
          await lossAt(at.map((value, i) => value - STEP * way[i]!)),
        ];
        // a ReLU that switches within the step has no one slope there
        if (Math.abs(up + down - 2 * here) / STEP > KINK) continue;
        compared++;
        const expected = way.reduce((sum, x, i) => sum + x * slope![i]!, 0);
        const size = Math.max(1, Math.abs(expected));
        expect(Math.abs((up - down) / (2 * STEP) - expected) / size).toBeLessThan(DIFFERENCE);
      }
      expect(compared).toBeGreaterThan(0);
    });

    it("is moved by earlier states exactly where later steps see them", async () => {
      const { earlier, states } = await own;
      const { slope } = await stepwise.run({ episodes, states: await all, mode: "slope" });
      const moved = slope!.subarray(states.length).some((x) => x !== 0);
      // a recurrent state is overwritten whole at the next position; keys and values stay
      expect(moved).toBe(name === "multi-object-transformer-1");
      expect(earlier).toHaveLength(places.reduce((sum, place) => sum + place, 0) * steps.network.d);
    });
  });

  it("answers otherwise when it is patched with another run's state", async () => {
    const { states } = await natural;
    const { d } = steps.network;
    const shifted = states.map((_, i) => states[(i + d) % states.length]!);
    const run = await behaviour;
    const before = await run.run({ episodes, states, mode: "loss" });
    const after = await run.run({ episodes, states: shifted, mode: "loss" });
    expect(Math.max(...after.lossNats)).toBeGreaterThan(Math.max(...before.lossNats));
  });
});
