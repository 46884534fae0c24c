/** @file One run of a small network as it should go: what it reads, step by step, and what it should answer. */
import { invariant, present } from "../../errors.js";
import type { Network } from "../../models/network/network.js";
import { i32 } from "../../numeric/vector.js";
import type { TaskSequence } from "../../plan/sequence-task.js";
import { int64, tensor, type RuntimeTensor } from "../../runtime/tensor.js";

/** A run; it has as many steps as labels. */
export interface Episode {
  /** `[step]`, token ids; or, for a network that reads features, the `[feature]` numbers of its only step. */
  readonly inputs: Int32Array | Float32Array;
  /** `[step]`: class or token to answer after the step, −1 where any answer will do. */
  readonly labels: Int32Array;
}

/** Label where any answer will do. */
export const ANY = -1;

/** The run that reads a sequence; tokens after the last one that is scored are of no interest. */
export function episodeOf({ ids, scored }: TaskSequence): Episode {
  const end = scored.lastIndexOf(1);
  const steps = Math.max(1, end);
  const labels = Int32Array.from({ length: steps }, (_, step) =>
    scored[step + 1] === 1 ? i32(ids, step + 1) : ANY,
  );
  return { inputs: ids.slice(0, steps), labels };
}

/** The rest of a run, from a step on. */
export function restOf({ inputs, labels }: Episode, step: number): Episode {
  // features are read whole, at the only step there is
  const rest = inputs instanceof Int32Array ? inputs.slice(step) : inputs;
  return { inputs: rest, labels: labels.slice(step) };
}

/** What the network reads at `step` in each of the episodes; `generated` tokens stand in place of theirs where ≥ 0. */
export function inputAt(
  { input }: Network,
  episodes: readonly Episode[],
  { step, generated }: { readonly step: number; readonly generated?: Int32Array },
): RuntimeTensor {
  if (input.type?.dtype === "float32") return featuresOf(episodes);
  const ids = episodes.map(({ inputs }, r) => {
    const own = generated === undefined ? ANY : i32(generated, r);
    return own === ANY ? present(inputs[step], "token") : own;
  });
  return int64([ids.length], ids);
}

function featuresOf(episodes: readonly Episode[]): RuntimeTensor {
  const width = present(episodes[0], "episode").inputs.length;
  const data = new Float32Array(episodes.length * width);
  episodes.forEach(({ inputs }, r) => {
    invariant(inputs.length === width, `${inputs.length} features beside ${width}`);
    data.set(inputs, r * width);
  });
  return tensor("float32", [episodes.length, width], data);
}
