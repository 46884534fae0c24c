/**
 * @file The default learner: descent through all directions on behaviour plus naturalness (`objective.ts`). One model
 * alone is DAS; two are Model Alignment Search.
 */
import type { CallOptions } from "./continuation-calls.js";
import { descend, type Descent } from "./descent.js";
import type { Learner, LearningProblem } from "./learner.js";
import { countDirections, dealPairs, inEveryDirection } from "./batch.js";
import { lossAt, runBatch, slopeAt, type RunBatch } from "./objective.js";

/** Learner on typed arrays; see {@link Learner}. */
export const masLearner: Learner = {
  name: "mas",
  learn: (problem) => descend(descentOf(problem)),
};

/** What the learner descends on. */
export function descentOf(problem: LearningProblem): Descent<RunBatch> {
  const { name, models, pairs, options, random, signal, onStep } = problem;
  const all = inEveryDirection(models, Int32Array.from(pairs.validation.target.keys()));
  return {
    ...{ name, options, random, signal, onStep },
    start: models.map(({ start }) => start),
    nPairs: pairs.train.target.length,
    directions: countDirections(models),
    run: (subspaces, chosen, step) =>
      runBatch(
        { models, subspaces },
        { split: "train", pairs: pairs.train, chosen: dealPairs(models, chosen) },
        calls(problem, step),
      ),
    slope: (subspaces, batches) => slopeAt({ models, subspaces }, batches, options),
    validate: (subspaces, step) =>
      lossAt(
        { models, subspaces },
        { split: "validation", pairs: pairs.validation, chosen: all },
        calls(problem, step),
      ),
  };
}

function calls(
  { name, options, signal }: LearningProblem,
  step: number,
): CallOptions & { naturalness: number } {
  const { maxRows, naturalness } = options;
  return { maxRows, naturalness, where: `${name}, step ${step}`, signal };
}
