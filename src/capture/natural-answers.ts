/**
 * @file Answer logits of all prompts as the natural answers of one audit's items.
 */
import { present } from "../errors.js";
import { checkFinite } from "../runtime/tensor.js";
import { answerMass, classLogProb, type AnswerTokens } from "./answer-table.js";

/** What one model does naturally with each item. */
export interface NaturalAnswers {
  /** `[item]`, most probable class within the answer set. */
  readonly chosen: Int32Array;
  /** `[item, class]`, log-probability within the answer set, nats. */
  readonly logProb: Float32Array;
  /** `[item]`, probability of the whole answer set, 0 to 1. */
  readonly mass: Float64Array;
  /** `[item]`, largest |logit| of an answer token: what rounding is measured by. */
  readonly largestLogit: Float64Array;
}

/** Logits at the last position of every prompt, of the answer tokens of all audits. */
export interface LogitTable {
  /** Distinct token ids. `[answer]` */
  readonly ids: readonly number[];
  /** `[prompt, answer]` */
  readonly logits: Float32Array;
  /** `[prompt]`, logsumexp over the vocabulary. */
  readonly normalisers: Float32Array;
}

/**
 * Reads the natural answers of items off the table. `promptOf[item]` is the row of an item, `where` names model and audit.
 *
 * @throws {@link NumericsError} when a logit of theirs is not finite.
 */
export function naturalAnswers(
  { ids, logits, normalisers }: LogitTable,
  {
    promptOf,
    answers,
    where,
  }: {
    readonly promptOf: readonly number[];
    readonly answers: AnswerTokens;
    readonly where: string;
  },
): NaturalAnswers {
  const columns = answers.ids.map((id) => ids.indexOf(id));
  const natural: NaturalAnswers = {
    chosen: new Int32Array(promptOf.length),
    logProb: new Float32Array(promptOf.length * answers.nClasses),
    mass: new Float64Array(promptOf.length),
    largestLogit: new Float64Array(promptOf.length),
  };
  promptOf.forEach((prompt, item) => {
    const own = columns.map((column) => present(logits[prompt * ids.length + column], "logit"));
    checkFinite(own, `answer logits of ${where}`);
    const logProb = classLogProb(own, answers);
    natural.chosen[item] = argmax(logProb);
    natural.logProb.set(logProb, item * logProb.length);
    natural.largestLogit[item] = own.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    natural.mass[item] = answerMass(own, present(normalisers[prompt], "log-normaliser"));
  });
  return natural;
}

/** Index of the largest element; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] ?? -Infinity) > (values[best] ?? -Infinity)) best = i;
  }
  return best;
}
