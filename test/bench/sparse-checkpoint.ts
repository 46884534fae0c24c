/**
 * @file A checkpoint at the shapes of DeepSeek-R1-Distill-Qwen-1.5B with made-up weights, written sparsely: norms are 1,
 * every other tensor begins with random numbers, and the rest is a hole, which reads as zeros and takes no disk. Mapped, it
 * takes the memory of the real one; a product takes the time of the real one.
 */
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { stream, type Stream } from "../../src/stats/stream.js";

/** `config.json` of the model, but for token ids. */
const CONFIG = {
  architectures: ["Qwen2ForCausalLM"],
  attention_dropout: 0,
  hidden_act: "silu",
  hidden_size: 1536,
  initializer_range: 0.02,
  intermediate_size: 8960,
  max_position_embeddings: 131_072,
  max_window_layers: 21,
  model_type: "qwen2",
  num_attention_heads: 12,
  num_hidden_layers: 28,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  sliding_window: 4096,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  use_cache: true,
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 151_936,
} as const;

function shapes(): [string, number[]][] {
  const { hidden_size: d, intermediate_size: inner, vocab_size: vocab } = CONFIG;
  const kv = (d / CONFIG.num_attention_heads) * CONFIG.num_key_value_heads;
  const layer = (l: number): [string, number[]][] =>
    Object.entries({
      "input_layernorm.weight": [d],
      "mlp.down_proj.weight": [d, inner],
      "mlp.gate_proj.weight": [inner, d],
      "mlp.up_proj.weight": [inner, d],
      "post_attention_layernorm.weight": [d],
      "self_attn.k_proj.bias": [kv],
      "self_attn.k_proj.weight": [kv, d],
      "self_attn.o_proj.weight": [d, d],
      "self_attn.q_proj.bias": [d],
      "self_attn.q_proj.weight": [d, d],
      "self_attn.v_proj.bias": [kv],
      "self_attn.v_proj.weight": [kv, d],
    }).map(([name, shape]) => [`model.layers.${l}.${name}`, shape]);
  return [
    ["lm_head.weight", [vocab, d]],
    ["model.embed_tokens.weight", [vocab, d]],
    ...Array.from({ length: CONFIG.num_hidden_layers }, (_, l) => layer(l)).flat(),
    ["model.norm.weight", [d]],
  ];
}

/** Half-precision types of a checkpoint, and how a number is written in them. */
const BITS = { BF16: bfloat16Bits, F16: float16Bits } as const;
/** Half-precision type by its name in a safetensors file. */
export type HalfType = keyof typeof BITS;

/** Random numbers at the start of a tensor: some rows of a matrix. */
const RANDOM_NUMBERS = 1 << 15;
/** Largest magnitude of a weight; those of real checkpoints have this order. */
const LARGEST = 1 / 16;

/** Writes `config.json` and `model.safetensors` into `folder`; returns the weights' size in bytes. */
export function writeSparseCheckpoint(folder: string, dtype: HalfType): number {
  writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
  let size = 0;
  const places = shapes().map(([name, shape]) => {
    const start = size;
    size += 2 * shape.reduce((product, n) => product * n, 1);
    return { name, shape, start, end: size };
  });
  const header = Object.fromEntries(
    places.map(({ name, shape, start, end }) => [
      name,
      { dtype, shape, data_offsets: [start, end] },
    ]),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const first = 8 + text.length;
  const file = openSync(join(folder, "model.safetensors"), "w");
  writeSync(file, Buffer.concat([length, text]));
  ftruncateSync(file, first + size);
  const random = stream(0, `bench/sparse/${dtype}`);
  for (const { name, start, end } of places) {
    const isNorm = name.endsWith("norm.weight");
    const numbers = isNorm ? (end - start) / 2 : Math.min((end - start) / 2, RANDOM_NUMBERS);
    const bits = Uint16Array.from({ length: numbers }, () =>
      BITS[dtype](isNorm ? 1 : weight(random)),
    );
    writeSync(file, bits, 0, bits.byteLength, first + start);
  }
  closeSync(file);
  return size;
}

function weight(random: Stream): number {
  return LARGEST * (2 * random.next() - 1);
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

function bfloat16Bits(x: number): number {
  float[0] = x;
  return (floatBits[0] ?? 0) >>> 16;
}

/** Cut off, not rounded; zero below the normal range. */
function float16Bits(x: number): number {
  float[0] = x;
  const bits = floatBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}
