/**
 * @file The PyTorch reference of one model: inputs, states, logits, patched logits and gradients.
 * Everything is `[row, …]` with rows of unequal length; only real positions are compared.
 */
import {
  float32Of,
  int64Of,
  readSafetensors,
  type Safetensors,
} from "../../src/store/safetensors.js";

/** One patched run: a state at `position` (by row) of `layer` replaced. */
export interface ReferencePatch {
  readonly layer: number;
  readonly positions: readonly number[];
  /** By row, `[dModel]`. */
  readonly states: readonly Float32Array[];
  /** By row, `[token, vocab]`. */
  readonly logits: readonly Float32Array[];
  /** By row, `[dModel]`: d(loss)/d(state). */
  readonly gradients: readonly Float32Array[];
}

/** The reference. The loss is the mean over rows of the cross-entropy at the last real position. */
export interface Reference {
  readonly rows: readonly (readonly number[])[];
  readonly labels: readonly number[];
  /** `[layer][row]`, each `[token, dModel]`. */
  readonly residuals: readonly (readonly Float32Array[])[];
  /** `[layer][row]`, each `[token, dModel]`. */
  readonly gradients: readonly (readonly Float32Array[])[];
  /** By row, `[token, vocab]`. */
  readonly logits: readonly Float32Array[];
  readonly last: ReferencePatch;
  readonly early: ReferencePatch;
}

/** Reads a reference file. @throws {@link ModelFormatError} when it is broken or lacks a tensor. */
export function readReference(path: string): Reference {
  const file = readSafetensors(path);
  const [batch = 0, token = 0] = shapeOf(file, "input_ids");
  const lengths = int64Of(file, "lengths");
  const ids = int64Of(file, "input_ids");
  /** Splits `[row, token, each]` at `from` into real positions by row. */
  const byRow = (data: Float32Array, each: number, from = 0): Float32Array[] =>
    lengths.map((length, r) => {
      const start = from + r * token * each;
      return data.slice(start, start + length * each);
    });
  const layered = (name: string): Float32Array[][] => {
    const [layers = 0, , , dModel = 0] = shapeOf(file, name);
    const data = float32Of(file, name);
    return Array.from({ length: layers }, (_, l) =>
      byRow(data, dModel, l * batch * token * dModel),
    );
  };
  const logitsOf = (name: string): Float32Array[] =>
    byRow(float32Of(file, name), shapeOf(file, name)[2]!);
  const patch = (prefix: string, positions: readonly number[]): ReferencePatch => ({
    layer: int64Of(file, `${prefix}patch_layer`)[0]!,
    positions,
    states: split(float32Of(file, `${prefix}patch_vectors`), batch),
    logits: logitsOf(`${prefix}patched_logits`),
    gradients: split(float32Of(file, `${prefix}patched_vector_grads`), batch),
  });
  const early = int64Of(file, "early_patch_position")[0]!;
  return {
    rows: lengths.map((length, r) => ids.slice(r * token, r * token + length)),
    labels: int64Of(file, "labels"),
    residuals: layered("hidden_states"),
    gradients: layered("residual_grads"),
    logits: logitsOf("logits"),
    last: patch(
      "",
      lengths.map((length) => length - 1),
    ),
    early: patch(
      "early_",
      lengths.map(() => early),
    ),
  };
}

function shapeOf({ tensors }: Safetensors, name: string): readonly number[] {
  return tensors.get(name)?.shape ?? [];
}

function split(data: Float32Array, rows: number): Float32Array[] {
  const each = data.length / rows;
  return Array.from({ length: rows }, (_, r) => data.slice(r * each, (r + 1) * each));
}
