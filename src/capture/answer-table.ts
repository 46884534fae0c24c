/**
 * @file Answer tokens of an audit as the tensors that capture and suffix graphs take.
 */
import { OUTSIDE_CLASS } from "../models/suffix.js";
import { int64, tensor, type RuntimeTensor } from "../runtime/tensor.js";

/** Which tokens answer, and for which class. */
export interface AnswerTokens {
  /** Distinct token ids. `[answer]` */
  readonly ids: readonly number[];
  /** Class of each id. `[answer]` */
  readonly classOf: readonly number[];
  readonly nClasses: number;
}

/** Flattens token ids per class. */
export function answerTokens(perClass: readonly (readonly number[])[]): AnswerTokens {
  return {
    ids: perClass.flat(),
    classOf: perClass.flatMap((ids, index) => ids.map(() => index)),
    nClasses: perClass.length,
  };
}

/** `answer_ids` and `answer_log_mask` of a suffix graph. */
export function answerFeeds({
  ids,
  classOf,
  nClasses,
}: AnswerTokens): Record<string, RuntimeTensor> {
  const mask = new Float32Array(nClasses * ids.length).fill(OUTSIDE_CLASS);
  classOf.forEach((index, answer) => (mask[index * ids.length + answer] = 0));
  return {
    answer_ids: int64([ids.length], ids),
    answer_log_mask: tensor("float32", [nClasses, ids.length], mask),
  };
}

/** log Σ exp of the chosen entries, shifted by their maximum. */
function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

/**
 * One row of answer logits → log-probability of each class within the answer set.
 *
 * Method: log p(c) = lse over the class's tokens − lse over all answer tokens; the vocabulary's normaliser cancels.
 */
export function classLogProb(
  logits: ArrayLike<number>,
  { classOf, nClasses }: AnswerTokens,
): number[] {
  const all = Array.from(logits);
  const total = logSumExp(all);
  return Array.from(
    { length: nClasses },
    (_, index) => logSumExp(all.filter((_, answer) => classOf[answer] === index)) - total,
  );
}

/** Probability mass of the whole answer set, given the log-normaliser over the vocabulary. Share, 0 to 1. */
export function answerMass(logits: ArrayLike<number>, logNormaliser: number): number {
  return Math.exp(logSumExp(Array.from(logits)) - logNormaliser);
}
