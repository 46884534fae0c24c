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
  /** Minibatches that a step looks at, the newest ones. */
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
  pairsPerBatch: 24, // in each direction pairs of its own: four times as many in all
  stepsPerBatch: 10, // 5 and 10 end at the same loss within .03, 20 a little higher (four cells)
  batchesKept: 5, // 9 gain nothing
  validateEvery: 20,
  patience: 2, // a cell whose closed form is already right stops after 40 steps
  progress: 0.01,
  maxRows: 256,
};

/**
 * The defaults for subspaces of k dimensions: one dimension is learned from 16 pairs per direction and batch, more from 24.
 * Measured on nine cells of a real 135M pair, four seeds each, against 24 and 32 pairs that all directions share, in
 * shuffled order, four batches of them before the first step: from two thirds of the rows the same IIA (−.001 ± .005) and
 * validation loss (−.014 ± .009 nats), from seed to seed less than half as far apart. Under two seeds one cell (k = 10) had
 * kept its closed form, at .90, and is now at .96. Shared pairs tell four directions much the same; shuffled ones are not
 * balanced.
 */
export function learningDefaults(k: number): LearningOptions {
  const { pairsPerBatch } = LEARNING_DEFAULTS;
  return {
    ...LEARNING_DEFAULTS,
    pairsPerBatch: Math.min(pairsPerBatch, PAIRS_PER_DIMENSION * k),
  };
}

const PAIRS_PER_DIMENSION = 16;

/** Pairs per direction of a batch that serves one step only: a third more. */
export function pairsOfOneStep({ pairsPerBatch }: Pick<BatchOptions, "pairsPerBatch">): number {
  return Math.ceil((4 * pairsPerBatch) / 3);
}

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
