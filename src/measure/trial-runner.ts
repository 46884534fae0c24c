/**
 * @file Runs interventions on the trials of one table: many controls of one target share calls of its continuation.
 */
import { continueRows, type CallOptions } from "../align/continuation-calls.js";
import type { Continuation } from "../align/continuation.js";
import { i32 } from "../numeric/vector.js";
import type { Hits } from "./measures.js";

/** The trials as one target model sees them. */
export interface TargetTrials {
  /** `[trial]`, item. */
  readonly items: Int32Array;
  /** `[trial]`, class index that counts as a hit. */
  readonly labels: Int32Array;
}

/** What one intervention did on all trials. */
export interface Outcome {
  /** `[trial]`, class index that the target gave. */
  readonly answers: Int32Array;
  readonly hits: Hits;
}

/** Answers after each intervention (patched states `[trial, dModel]`), in order. */
export async function runInterventions(
  model: Continuation,
  { interventions, trials }: { interventions: readonly Float32Array[]; trials: TargetTrials },
  options: CallOptions,
): Promise<Outcome[]> {
  const n = trials.items.length;
  const items = new Int32Array(interventions.length * n);
  const patched = new Float32Array(items.length * model.dModel);
  interventions.forEach((states, i) => {
    items.set(trials.items, i * n);
    patched.set(states, i * n * model.dModel);
  });
  const logProb = await continueRows(model, { items, patched }, options);
  const answers = argmaxRows(logProb, model.nClasses);
  return interventions.map((_, i) => {
    const own = answers.subarray(i * n, (i + 1) * n);
    return { answers: own, hits: spellHits(own, trials.labels) };
  });
}

/** "1" where answer and label agree, else "0". */
export function spellHits(answers: Int32Array, labels: Int32Array): Hits {
  return Array.from(labels, (label, trial) => (i32(answers, trial) === label ? "1" : "0")).join("");
}

/** Index of the largest number of each row of `[row, class]`; ties go to the first class. */
export function argmaxRows(values: Float32Array, nClasses: number): Int32Array {
  return Int32Array.from({ length: values.length / nClasses }, (_, r) => {
    const row = values.subarray(r * nClasses, (r + 1) * nClasses);
    return row.indexOf(Math.max(...row));
  });
}
