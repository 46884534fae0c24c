/**
 * @file The contract of a learner: from natural states, pairs and frozen continuations to one subspace per model.
 * A learner knows neither graphs nor sides by name; one model is DAS, two are MAS.
 */
import type { Matrix } from "../numeric/matrix.js";
import type { Stream } from "../stats/stream.js";
import type { Continuation } from "./continuation.js";
import type { NaturalStates } from "./natural-states.js";
import type { SiteStates } from "./normalisation.js";

/** Pairs of items in one split. Pair i patches `target[i]` with the state of `source[i]`. */
export interface LearningPairs {
  /** `[pair]`, item. */
  readonly target: Int32Array;
  /** `[pair]`, item. */
  readonly source: Int32Array;
  /** `[pair]`, group that the patched state should look like: the counterfactual of the pair. */
  readonly group: Int32Array;
}

/** A split that learning may see; test pairs never come here. */
export type LearningSplit = "train" | "validation";

/** One model under training. */
export interface LearningModel {
  readonly states: SiteStates;
  /** `[k, dModel]`, the closed form: a candidate itself (step 0). */
  readonly start: Matrix;
  /** What makes it a target; without, it gives states to the others only. */
  readonly target?: LearningTarget;
}

/** The part of a model that answers when it is patched. */
export interface LearningTarget {
  readonly natural: NaturalStates;
  readonly continuation: Continuation;
  /** Class index that this model should answer, per pair of each split. */
  readonly labels: Readonly<Record<LearningSplit, Int32Array>>;
  /** Natural Mahalanobis distance of each split's states: the unit of the penalty there. */
  readonly unit: Readonly<Record<LearningSplit, number>>;
}

/** What can be chosen about learning. */
export interface LearningOptions {
  /** Most steps to take. */
  readonly steps: number;
  /** Adam's highest rate; rises over the first sixth of the steps, then falls to 0 along half a cosine. */
  readonly learningRate: number;
  /** λ: weight of naturalness beside the cross-entropy; 0 = behaviour only. */
  readonly naturalness: number;
  /** Pairs per direction in a minibatch. */
  readonly pairsPerBatch: number;
  /** Steps between two minibatches that are run through the models; the steps between carry their answers on. */
  readonly stepsPerBatch: number;
  /** Minibatches that a step looks at, the newest ones; the first one is as large as so many. */
  readonly batchesKept: number;
  /** Steps between two validations. */
  readonly validateEvery: number;
  /** Validations in a row without progress after which learning stops. */
  readonly patience: number;
  /** Share by which the validation loss must fall to count as progress (any fall is kept as the best state). */
  readonly progress: number;
  /** Most rows per call of a continuation. */
  readonly maxRows: number;
}

/** How minibatches are drawn and how long each serves. */
export type BatchOptions = Pick<LearningOptions, "pairsPerBatch" | "stepsPerBatch" | "batchesKept">;

/** Defaults and what they rest on. */
export const LEARNING_DEFAULTS: LearningOptions = {
  steps: 60, // 20 suffice on planted models; 240 add nothing
  learningRate: 0.03, // .003 to .1 give the same within .02
  naturalness: 0.3, // .01 lets a re-coded variable pass; 1 gains nothing more
  pairsPerBatch: 32,
  stepsPerBatch: 10, // 5 and 10 end at the same loss within .03, 20 a little higher (four cells)
  batchesKept: 4, // 9 gain nothing
  validateEvery: 20,
  patience: 2, // a cell whose closed form is already right stops after 40 steps
  progress: 0.01,
  maxRows: 256,
};

/**
 * The defaults for subspaces of k dimensions: one direction is learned from 24 pairs per batch, more from 32. Measured on
 * cells of a real 135M pair against fresh pairs at each of 60 steps, 8 (k = 1) or 32 (k = 9) of them: the same validation
 * loss within .04 and IIA within .03, or better, from a third to a seventh of the rows. With 16 pairs two of six cells of
 * one variable (k = 1) kept their closed form; in one of them 16, 24 and 32 pairs ended at .84, .91 and .94.
 */
export function learningDefaults(k: number): LearningOptions {
  const { pairsPerBatch } = LEARNING_DEFAULTS;
  return {
    ...LEARNING_DEFAULTS,
    pairsPerBatch: Math.min(pairsPerBatch, PAIRS_PER_DIMENSION * k),
  };
}

const PAIRS_PER_DIMENSION = 24;

/** One finished step, for progress lines. */
export interface StepReport {
  readonly step: number;
  readonly steps: number;
  /** Loss of the minibatch: cross-entropy + λ · naturalness, nats. */
  readonly lossNats: number;
}

/** Everything a learner needs. */
export interface LearningProblem {
  /** Names the cell in errors. */
  readonly name: string;
  readonly models: readonly LearningModel[];
  readonly pairs: Readonly<Record<LearningSplit, LearningPairs>>;
  readonly options: LearningOptions;
  readonly random: Stream;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((report: StepReport) => void) | undefined;
}

/** What was learned. */
export interface Learned {
  /** One `[k, dModel]` per model, in the order of {@link LearningProblem.models}; the best validation state. */
  readonly subspaces: readonly Matrix[];
  /** Steps taken. */
  readonly steps: number;
  /** Step of the state that was kept; 0 = the closed form. */
  readonly bestStep: number;
  /** Validation loss, nats: at step 0 and at each validation. */
  readonly validationLossNats: readonly number[];
}

/** A way to learn subspaces. */
export interface Learner {
  readonly name: string;
  /**
   * Learns one subspace per model, in all directions from the models given to those that are targets.
   *
   * @throws {@link NumericsError} naming cell and step when a loss or gradient is not finite.
   */
  learn(problem: LearningProblem): Promise<Learned>;
}
