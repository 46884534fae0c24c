/**
 * @file Loss and slopes by TensorFlow.js' automatic differentiation against the derived ones, within what rounding to
 * float32 explains (`float32-bound.ts`); that two ways to the same formula share a mistake is not to be expected.
 */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import type { LearningModel } from "../../src/align/learner.js";
import { carry, linearise } from "../../src/align/linearised.js";
import { countDirections, dealPairs, type Batch } from "../../src/align/batch.js";
import { lossAt, runBatch, slopeAt, type Slope } from "../../src/align/objective.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { carriedLoss, carriedRows } from "../../src/align/tfjs/behaviour.js";
import * as tfjs from "../../src/align/tfjs/objective.js";
import { numbersOf, tidied } from "../../src/align/tfjs/table.js";
import type { Problem } from "../../src/align/tfjs/patched.js";
import { matrix, type Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import { keepAnswers, repeatAnswers } from "../support/answers-kept.js";
import { FLOAT32, float32Bounds, type Bounds } from "../support/float32-bound.js";
import { toyLearning } from "../support/toy-learning.js";

const CALLS = { maxRows: 7, where: "test" };
/**
 * What is found on these worlds, as a share of the largest number of the gradient: at most 5e-7. The derived bound is one
 * of the worst case, some thousands of times as much; faults below it are found by this.
 */
const SHARE = 2e-6;

beforeAll(() => {
  tf.enableProdMode(); // else it advertises another package
});

const subspacesOf = (models: readonly LearningModel[], name: string): Matrix[] =>
  models.map(({ start: { rows, cols } }, i) => randomSubspace(rows, cols, stream(i, name)));

/** Pairs of its own for each direction. */
const batchOf = (world: Pick<ReturnType<typeof toyLearning>, "models" | "pairs">): Batch => ({
  split: "train",
  pairs: world.pairs,
  chosen: dealPairs(
    world.models,
    Array.from({ length: countDirections(world.models) }, (_, way) =>
      Int32Array.from({ length: 12 }, (_, i) => 12 * way + i),
    ),
  ),
});

/** Which models are patched. */
const TARGETS = { both: [0, 1], "the first": [0], "the second": [1] } as const;

interface Case {
  readonly classes: number;
  readonly naturalness: number;
  /** Where the slope is asked for; the batch is run "here". */
  readonly place: "here" | "there";
  readonly targets: readonly number[];
}

interface Compared {
  readonly derived: Slope;
  readonly automatic: Slope;
  readonly bounds: Bounds;
}

/** Both slopes from the same answers; `fault` changes what TensorFlow.js is given. */
async function compare(
  { classes, naturalness, place, targets }: Case,
  fault: (given: Problem) => Problem = (given) => given,
): Promise<Compared> {
  const world = toyLearning(classes);
  const models = world.models.map(({ states, start, target }, m) =>
    targets.includes(m) && target !== undefined ? { states, start, target } : { states, start },
  );
  const batch = batchOf({ ...world, models });
  const [before, subspaces] = [subspacesOf(models, "here"), subspacesOf(models, place)];
  const kept = keepAnswers(models);
  const run = await runBatch({ models: kept.models, subspaces: before }, batch, CALLS);
  const again = repeatAnswers(models, kept.answered);
  const given = fault({ models: again.models, naturalness });
  const answered = await tfjs.runBatch(
    tf,
    { place: { ...given, subspaces: before }, batch },
    CALLS,
  );
  const lossNats = targets.map((t) =>
    Float32Array.from(kept.answered[t]!.flatMap((call) => [...call.lossNats])),
  );
  return {
    derived: slopeAt({ models, subspaces }, [run], { naturalness }),
    automatic: tfjs.slopeAt(tf, { ...given, subspaces }, [answered]),
    bounds: float32Bounds({ models, subspaces }, { ...run, lossNats }, { before, naturalness }),
  };
}

/** Largest difference in units of the bound; above 1 rounding does not explain it. */
function excess({ derived, automatic, bounds }: Compared): number {
  const shares = derived.gradients.flatMap((gradient, m) =>
    [...gradient.data].map(
      (x, i) => Math.abs(x - automatic.gradients[m]!.data[i]!) / bounds.gradients[m]!.data[i]!,
    ),
  );
  return Math.max(Math.abs(derived.loss - automatic.loss) / bounds.loss, ...shares);
}

/** Largest difference of a gradient as a share of its largest number. */
function shareOff({ derived, automatic }: Compared): number {
  const numbers = derived.gradients.map(({ data }) => [...data]);
  const largest = Math.max(...numbers.flat().map(Math.abs));
  const differences = numbers.flatMap((data, m) =>
    data.map((x, i) => Math.abs(x - automatic.gradients[m]!.data[i]!)),
  );
  return Math.max(...differences) / largest;
}

const CASES = [2, 4].flatMap((classes) =>
  [0, 0.3, 5].flatMap((naturalness) =>
    (["here", "there"] as const).flatMap((place) =>
      Object.entries(TARGETS).map(
        ([name, targets]) => [name, { classes, naturalness, place, targets }] as const,
      ),
    ),
  ),
);

describe("loss and slope of two models", () => {
  it.each(CASES)("of which %s answer, are the derived ones: %o", async (_, which) => {
    const compared = await compare(which);
    expect(excess(compared)).toBeLessThan(1);
    expect(shareOff(compared)).toBeLessThan(SHARE);
  });

  const scaled = ({ models, ...rest }: Problem, factor: number): Problem => ({
    ...rest,
    models: models.map((model) => {
      const { normalisation } = model.states;
      const sigma = factor * normalisation.sigma;
      return { ...model, states: { ...model.states, normalisation: { ...normalisation, sigma } } };
    }),
  });
  it.each<[string, (given: Problem) => Problem]>([
    ["a weight", (given) => ({ ...given, naturalness: 1.01 * given.naturalness })],
    ["a scale", (given) => scaled(given, 1.05)],
    ["a tiny share of a scale", (given) => scaled(given, 1.00003)],
  ])("differ when %s is wrong", async (what, fault) => {
    const which = { classes: 4, naturalness: 0.3, place: "here", targets: [0, 1] } as const;
    const compared = await compare(which, fault);
    expect(shareOff(compared)).toBeGreaterThan(SHARE);
    if (!what.startsWith("a tiny")) expect(excess(compared)).toBeGreaterThan(1);
  });

  it("stand on the same states: what the models are asked differs by roundings", async () => {
    const world = toyLearning(4);
    const { models } = world;
    const subspaces = subspacesOf(models, "here");
    const kept = keepAnswers(models);
    await runBatch({ models: kept.models, subspaces }, batchOf(world), CALLS);
    const again = repeatAnswers(models, kept.answered);
    const place = { models: again.models, subspaces, naturalness: 0 };
    await tfjs.runBatch(tf, { place, batch: batchOf(world) }, CALLS);
    // |P_s n_s| + |P_t n_t| with absolute values is at most the norms of both states, rows of P being of length 1
    const norms = models.map(
      ({ states: { normalised } }) =>
      Math.max(...normalised.data.map(Math.abs)) * Math.sqrt(normalised.cols), // prettier-ignore
    );
    for (const [m, { states, start }] of models.entries()) {
      const change = start.rows * (norms[0]! + norms[1]!) * states.normalisation.sigma;
      const roundings = 12 + start.rows + 4; // as derived for ȳ, at the larger width
      kept.answered[m]!.forEach(({ patched }, call) => {
        patched.forEach((x, i) => {
          const bound = FLOAT32 * (roundings * change + 2 * Math.abs(x));
          expect(Math.abs(x - again.asked[m]![call]![i]!)).toBeLessThan(bound);
        });
      });
    }
  });

  it("have the same validation loss", async () => {
    const world = toyLearning(4);
    const { models } = world;
    const subspaces = subspacesOf(models, "here");
    for (const naturalness of [0, 0.3]) {
      const derived = await lossAt({ models, subspaces }, batchOf(world), { ...CALLS, naturalness }); // prettier-ignore
      const place = { models, subspaces, naturalness };
      const automatic = await tfjs.lossAt(tf, { place, batch: batchOf(world) }, CALLS);
      // states and log-probabilities of size 10 at float32, some hundred roundings
      expect(Math.abs(derived - automatic)).toBeLessThan(100 * 10 * FLOAT32);
    }
  });
});

describe("a row that was run", () => {
  it.each([0, 1e-7, 1e-4, 0.5, 3, 40, 800])(
    "with a loss of %d nats is carried like the default learner's",
    (nats) => {
      const answers = {
        lossNats: Float32Array.of(nats),
        // what a model gives: as small as what is left to gain
        gradient: Float32Array.of(-0.5, 0.25).map((x) => x * -Math.expm1(-nats)),
      };
      const h = Float32Array.of(1, -2);
      const [sigma, moved] = [2, [0.01, -0.02]];
      const into = matrix(1, 2);
      const state = Float64Array.from(h, (x, i) => x + sigma * moved[i]!);
      const loss = carry(linearise(answers, h), 0, { state, weight: sigma, into, at: 0 });
      const before = { rows: 1, cols: 2, values: Float32Array.of(3, 4) };
      const found = tidied(tf, () => {
        const rows = carriedRows(tf, answers, before);
        const { value, grad } = tf.valueAndGrad((change: tf.Tensor) =>
          tf.sum(carriedLoss(tf, rows, { change, sigma })),
        )(tf.tensor2d([[3 + moved[0]!, 4 + moved[1]!]]));
        return [numbersOf(value)[0]!, ...numbersOf(grad)];
      });
      // relative condition 1 + |m|, m at most 800; what is nothing to one is below 1e-6 to the other
      const close = FLOAT32 * 100 * (1 + nats);
      expect(Math.abs(found[0]! - loss)).toBeLessThan(nats < 1e-6 ? 1e-6 : close);
      expect(Math.abs(found[1]! - into.data[0]!)).toBeLessThan(close);
      expect(Math.abs(found[2]! - into.data[1]!)).toBeLessThan(close);
    },
  );
});

describe("tensors", () => {
  it("are disposed when a slope, a loss or a run is done, and when a model fails", async () => {
    const world = toyLearning(4);
    const before = tf.memory().numTensors;
    await compare({ classes: 4, naturalness: 0.3, place: "there", targets: [0, 1] });
    expect(tf.memory().numTensors).toBe(before);
    const { models } = repeatAnswers(world.models, [[], []]); // has no answer
    const place = { models, subspaces: subspacesOf(models, "here"), naturalness: 0.3 };
    const failing = tfjs.runBatch(tf, { place, batch: batchOf(world) }, CALLS);
    await expect(failing).rejects.toThrow("asked once more");
    expect(tf.memory().numTensors).toBe(before);
  });
});
