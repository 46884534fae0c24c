/**
 * @file Copies of a planted base whose truth needs no training: the same bytes, another residual basis, a residual stream
 * four times as large, random weights. Llama folders with a tied head and without biases, as fixtures/make/planted.py
 * writes them. With `x W` for a weight W [out, in] read as `W x`: h' = Qᵀ h, so what reads becomes W diag(gain) Q, and
 * what writes Qᵀ W.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomSubspace } from "../../src/align/stiefel.js";
import { invariant } from "../../src/errors.js";
import { matrix, multiply, transpose, type Matrix } from "../../src/numeric/matrix.js";
import { halfToNumber } from "../../src/onnx/tensor.js";
import { stream } from "../../src/stats/stream.js";
import {
  encodeSafetensors,
  readSafetensors,
  storedFloat32,
  type StoredTensor,
} from "../../src/store/safetensors.js";

/** Weights by name; a norm's gain is one row. */
type Weights = ReadonlyMap<string, Matrix>;

interface Llama {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: Weights;
}

const EMBEDDING = "model.embed_tokens.weight";
const FINAL_NORM = "model.norm.weight";
const HEAD = "lm_head.weight";
const BEFORE_ATTENTION = /(self_attn\.[qkv]_proj)\.weight$/;
const BEFORE_MLP = /(mlp\.(gate|up)_proj)\.weight$/;
const WRITES = /(o_proj|down_proj)\.weight$/;
const NORM = /norm\.weight$/;

/** Factor of the scaled copy: a power of two, so that float16 weights stay exact. */
export const SCALE = 4;
/** Standard deviation of the untrained copy's weights: that of the base before training. */
const INITIAL = 0.08;

/** How each copy is made. */
export const COPIES = {
  identical: (base: Llama) => base,
  rotated: rotate,
  scaled: enlarge,
  untrained: forget,
} as const satisfies Readonly<Record<string, (base: Llama, seed: number) => Llama>>;
/** Name of a copy. */
export type CopyName = keyof typeof COPIES;

/** Writes a copy of the model in `base` into the new folder `out`; its tokenizer stays with the base. */
export function writeCopy(
  name: CopyName,
  base: string,
  { out, seed }: { out: string; seed: number },
): void {
  mkdirSync(out, { recursive: true });
  if (name === "identical") {
    for (const file of ["config.json", "model.safetensors"])
      cpSync(join(base, file), join(out, file));
    return;
  }
  const { config, weights } = COPIES[name](readLlama(base), seed);
  const tensors = new Map([...weights].map(([key, w]) => [key, store(key, w)]));
  writeFileSync(join(out, "model.safetensors"), encodeSafetensors(tensors));
  writeFileSync(
    join(out, "config.json"),
    `${JSON.stringify({ ...config, dtype: "float32" }, null, 2)}\n`,
  );
}

function readLlama(folder: string): Llama {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Llama["config"];
  const { tensors } = readSafetensors(join(folder, "model.safetensors"));
  return { config, weights: new Map([...tensors].map(([name, tensor]) => [name, widen(tensor)])) };
}

function widen({ dtype, shape, bytes }: StoredTensor): Matrix {
  invariant(dtype === "F16", `planted weights are float16, not ${dtype}`);
  const bits = new Uint16Array(bytes.slice().buffer);
  const [rows = 1, cols = 1] = shape.length === 1 ? [1, shape[0]] : shape;
  return matrix(rows, cols, Float64Array.from(bits, halfToNumber));
}

function store(name: string, { rows, cols, data }: Matrix): StoredTensor {
  return storedFloat32(Float32Array.from(data), NORM.test(name) ? [cols] : [rows, cols]);
}

function weightOf(weights: Weights, name: string): Matrix {
  const found = weights.get(name);
  invariant(found !== undefined, `planted model without ${name}`);
  return found;
}

function map(a: Matrix, to: (x: number, column: number) => number): Matrix {
  return matrix(
    a.rows,
    a.cols,
    a.data.map((x, i) => to(x, i % a.cols)),
  );
}

/** Each column times the gain of its coordinate. */
function withGain(a: Matrix, gain: Matrix): Matrix {
  return map(a, (x, column) => x * (gain.data[column] ?? NaN));
}

/** Name of the norm before the weight `name`; `undefined` where nothing normalised is read. */
function normBefore(name: string): string | undefined {
  if (BEFORE_ATTENTION.test(name)) return name.replace(BEFORE_ATTENTION, "input_layernorm.weight");
  if (BEFORE_MLP.test(name)) return name.replace(BEFORE_MLP, "post_attention_layernorm.weight");
  return undefined;
}

/** The same function in a random basis of the residual stream; gains move into what reads, the head is untied. */
function rotate({ config, weights }: Llama, seed: number): Llama {
  const embedding = weightOf(weights, EMBEDDING);
  const q = randomSubspace(embedding.cols, embedding.cols, stream(seed, "planted/rotation"));
  const turn = (name: string, w: Matrix): Matrix => {
    const norm = normBefore(name);
    if (NORM.test(name)) return map(w, () => 1);
    if (name === EMBEDDING) return multiply(w, q);
    if (WRITES.test(name)) return multiply(transpose(q), w);
    return multiply(norm === undefined ? w : withGain(w, weightOf(weights, norm)), q);
  };
  const turned = new Map([...weights].map(([name, w]) => [name, turn(name, w)]));
  turned.set(HEAD, multiply(withGain(embedding, weightOf(weights, FINAL_NORM)), q));
  return { config: { ...config, tie_word_embeddings: false }, weights: turned };
}

/** The same function with a residual stream {@link SCALE} times as large: norms undo it, the last one for the tied head too. */
function enlarge({ config, weights }: Llama): Llama {
  const factor = (name: string): number => {
    if (name === FINAL_NORM) return 1 / SCALE;
    return name === EMBEDDING || WRITES.test(name) ? SCALE : 1;
  };
  const larger = [...weights].map(([name, w]) => [name, map(w, (x) => x * factor(name))] as const);
  const epsilon = Number(config["rms_norm_eps"]) * SCALE ** 2;
  return { config: { ...config, rms_norm_eps: epsilon }, weights: new Map(larger) };
}

/** Weights as they are drawn before training. */
function forget({ config, weights }: Llama, seed: number): Llama {
  const random = stream(seed, "planted/untrained");
  const drawn = [...weights].map(
    ([name, w]) => [name, map(w, () => (NORM.test(name) ? 1 : INITIAL * random.normal()))] as const,
  );
  return { config, weights: new Map(drawn) };
}
