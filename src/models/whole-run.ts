/**
 * @file Runs the whole model on prompts of unequal length and takes the padding off again.
 */
import { invariant, present } from "../errors.js";
import type { Session } from "../runtime/session.js";
import { checkFinite, float32Data } from "../runtime/tensor.js";
import { residualName } from "./capture-graph.js";
import { feedBatch } from "./feed-batch.js";
import type { LocatedModel } from "./located.js";

/** One prompt with everything the whole model says of it; real positions only. */
export interface WholeRow {
  readonly ids: readonly number[];
  /** `[token, vocab]` */
  readonly logits: Float32Array;
  /** By layer, `[token, dModel]`. */
  readonly residuals: readonly Float32Array[];
}

/**
 * Runs one padded batch through a session of `buildWhole`.
 *
 * @throws {@link NumericsError} when a logit or a state at a real position is not finite.
 */
export async function runWhole(
  whole: Session,
  { feeds, nLayers, path }: LocatedModel,
  prompts: readonly (readonly number[])[],
): Promise<WholeRow[]> {
  const outputs = await whole.run(feedBatch(feeds, prompts));
  const width = Math.max(...prompts.map((ids) => ids.length));
  const real = (name: string): Float32Array[] => {
    const data = float32Data(outputs, name);
    const each = data.length / (prompts.length * width);
    return prompts.map((ids, r) => {
      const row = data.slice(r * width * each, (r * width + ids.length) * each);
      checkFinite(row, `${name} of ${path}`);
      return row;
    });
  };
  const logits = real("logits");
  const residuals = Array.from({ length: nLayers + 1 }, (_, l) => real(residualName(l)));
  return prompts.map((ids, r) => ({
    ids,
    logits: present(logits[r], "logits"),
    residuals: residuals.map((layer) => present(layer[r], "states")),
  }));
}

/** Log-probabilities of the chosen tokens among themselves, `[answer]`; shifted by the maximum before exp. */
export function logSoftmax(logits: ArrayLike<number>, answers: readonly number[]): Float32Array {
  const chosen = answers.map((id) => present(logits[id], `logit of token ${id}`));
  invariant(chosen.length > 0, "logSoftmax of no answers");
  const top = Math.max(...chosen);
  const normaliser = top + Math.log(chosen.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
  return Float32Array.from(chosen, (logit) => logit - normaliser);
}
