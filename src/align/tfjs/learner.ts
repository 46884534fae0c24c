/**
 * @file The learner of `mas.ts` with slopes from TensorFlow.js' automatic differentiation in place of derived ones: the
 * same minibatches, steps and random numbers, so that both learn the same up to the rounding of float32. An oracle for the
 * default learner; slower, and no more exact.
 */
import { descend, type Descent } from "../descent.js";
import type { Learner, LearningProblem } from "../learner.js";
import type { CallOptions } from "../continuation-calls.js";
import { countDirections, dealPairs, inEveryDirection } from "../batch.js";
import { lossAt, runBatch, slopeAt, type AnsweredBatch } from "./objective.js";
import type { Operations } from "./operations.js";
import type { Place } from "./patched.js";

/** A learner on these operations; see {@link Learner}. */
export function tfjsLearner(tf: Operations): Learner {
  return {
    name: "tfjs",
    learn: (problem) => descend(descentOf(tf, problem)),
  };
}

function descentOf(tf: Operations, problem: LearningProblem): Descent<AnsweredBatch> {
  const { name, models, pairs, options, random, signal, onStep } = problem;
  const { naturalness, maxRows } = options;
  const all = inEveryDirection(models, Int32Array.from(pairs.validation.target.keys()));
  const place = (subspaces: Place["subspaces"]): Place => ({ models, subspaces, naturalness });
  const calls = (step: number): CallOptions => ({
    ...{ maxRows, signal },
    where: `${name}, step ${step}`,
  });
  return {
    ...{ name, options, random, signal, onStep },
    start: models.map(({ start }) => start),
    nPairs: pairs.train.target.length,
    directions: countDirections(models),
    run: (subspaces, drawn, step) => {
      const chosen = dealPairs(models, drawn);
      const batch = { split: "train", pairs: pairs.train, chosen } as const;
      return runBatch(tf, { place: place(subspaces), batch }, calls(step));
    },
    slope: (subspaces, batches) => slopeAt(tf, place(subspaces), batches),
    validate: (subspaces, step) => {
      const batch = { split: "validation", pairs: pairs.validation, chosen: all } as const;
      return lossAt(tf, { place: place(subspaces), batch }, calls(step));
    },
  };
}
