/** @file Two learners that share nothing but the descent end in the same place. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { LEARNING_DEFAULTS, type LearningProblem } from "../../src/align/learner.js";
import { masLearner } from "../../src/align/mas.js";
import { tfjsLearner } from "../../src/align/tfjs/learner.js";
import { measureCell } from "../../src/measure/cell.js";
import { principalAngles } from "../../src/numeric/angles.js";
import type { Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import { toyLearning } from "../support/toy-learning.js";
import { circle, toyCell, type ToyModel } from "../support/toy-world.js";

/**
 * Slopes differ by at most 2e-6 of their size (`tfjs-objective.test.ts`), a step of Adam by as much of its length, which
 * is at most rate · √(k width / 64) < .03, and descent to a minimum brings two paths together again: 60 steps part them by
 * at most 60 · .03 · 2e-6. Found: 4e-8, which is as little as an arc cosine of float64 resolves.
 */
const RADIANS = 4e-6;
/** Log-probabilities are float32 of size 10, and the loss moves by its slope (up to 10 here) times the above. Found: 5e-8, and
 * 5e-7 of minibatches. */
const NATS = 4e-5;

const learner = tfjsLearner(tf);

beforeAll(() => {
  tf.enableProdMode(); // else it advertises another package
});

const { models, pairs } = toyLearning(4);
const problem = (given: Partial<LearningProblem> = {}): LearningProblem => ({
  ...{ name: "toy", models, pairs: { train: pairs, validation: pairs } },
  ...{ options: LEARNING_DEFAULTS, random: stream(5, "learn") },
  ...given,
});

describe("the learner tfjs", () => {
  it.each<[string, Partial<LearningProblem>]>([
    ["two targets", {}],
    ["one model alone", { models: models.slice(1) }],
    [
      "a model that gives states only",
      { models: [models[0]!, { states: models[1]!.states, start: models[1]!.start }] },
    ],
    ["behaviour alone", { options: { ...LEARNING_DEFAULTS, naturalness: 0 } }],
  ])("takes the steps of the default one: %s", async (_, given) => {
    const before = tf.memory().numTensors;
    const [reports, others]: [number[], number[]] = [[], []];
    const expected = await masLearner.learn(
      problem({ ...given, onStep: ({ lossNats }) => reports.push(lossNats) }),
    );
    const found = await learner.learn(
      problem({ ...given, onStep: ({ lossNats }) => others.push(lossNats) }),
    );
    expect(found).toMatchObject({ steps: expected.steps, bestStep: expected.bestStep });
    expect(found.bestStep).toBeGreaterThan(0); // else nothing was compared
    expect(others).toHaveLength(reports.length);
    others.forEach((x, i) => {
      expect(Math.abs(x - reports[i]!)).toBeLessThan(NATS);
    });
    found.validationLossNats.forEach((x, i) => {
      expect(Math.abs(x - expected.validationLossNats[i]!)).toBeLessThan(NATS);
    });
    found.subspaces.forEach((p, m) => {
      const apart = (other: Matrix): number => Math.max(...principalAngles(p, other));
      expect(apart(expected.subspaces[m]!)).toBeLessThan(RADIANS);
      const start = (given.models ?? models)[m]!.start;
      expect(apart(start)).toBeGreaterThan(1000 * RADIANS); // both have gone somewhere
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it("gives the same bytes twice", async () => {
    const options = { ...LEARNING_DEFAULTS, steps: 5 };
    const [a, b] = [
      await learner.learn(problem({ options })),
      await learner.learn(problem({ options })),
    ];
    expect(a).toEqual(b);
  });

  it("stops between two batches when it is told to", async () => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const learning = learner.learn(
      problem({
        signal: controller.signal,
        onStep: ({ step }) => {
          if (step === 3) controller.abort(new Error("enough"));
        },
      }),
    );
    await expect(learning).rejects.toThrow("enough");
    expect(tf.memory().numTensors).toBe(before);
  });

  it("leads a whole cell to the same outcomes of all trials", async () => {
    const code = circle([0, 1, 2, 3], 2);
    const model: ToyModel = {
      ...{ dModel: 12, basis: 1, gain: 2 },
      blocks: [{ writes: code, reads: code }],
    };
    const input = toyCell(
      { classes: 4, items: 160 },
      { base: model, tuned: { ...model, basis: 2, dModel: 10, scale: 2 } },
      { k: 2, budget: { steps: 20 } },
    );
    const expected = (await measureCell(input)).measures;
    const found = (await measureCell({ ...input, learner })).measures;
    expect(found.trials.map(({ iia }) => iia)).toEqual(expected.trials.map(({ iia }) => iia));
    expect(found.learning).toMatchObject({ steps: 20, bestStep: expected.learning!.bestStep });
    found.learning!.validationLossNats.forEach((x, i) => {
      expect(Math.abs(x - expected.learning!.validationLossNats[i]!)).toBeLessThan(NATS);
    });
  });
});
