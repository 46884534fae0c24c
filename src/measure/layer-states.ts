/** @file States of all layers of two models over the same prompts, and the breath that long work over them takes. */
import { present } from "../errors.js";
import { matrix, type Matrix } from "../numeric/matrix.js";

/** States of one model, `[prompt, dModel]` by layer. */
export interface ModelStates {
  readonly dModel: number;
  readonly states: ReadonlyMap<number, Float32Array>;
}

/** Both models over the same prompts. */
export interface ModelPair {
  readonly base: ModelStates;
  readonly tuned: ModelStates;
}

/** Lets long work be watched and stopped. */
export interface Steps {
  /** Told the number of further steps. */
  readonly begin: (steps: number) => void;
  /** Awaited after each step; throws to stop. */
  readonly step: (name: string) => Promise<void>;
}

/** States of one layer as `[prompt, dModel]` in float64. */
export function layerStates({ states, dModel }: ModelStates, layer: number): Matrix {
  const own = present(states.get(layer), `states of layer ${layer}`);
  return matrix(own.length / dModel, dModel, Float64Array.from(own));
}

/** The same of some prompts, in their order: `[prompts.length, dModel]`. */
export function layerRows(
  { states, dModel }: ModelStates,
  layer: number,
  prompts: readonly number[],
): Matrix {
  const own = present(states.get(layer), `states of layer ${layer}`);
  const out = matrix(prompts.length, dModel);
  prompts.forEach((prompt, i) => {
    out.data.set(own.subarray(prompt * dModel, (prompt + 1) * dModel), i * dModel);
  });
  return out;
}
