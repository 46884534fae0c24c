/** @file A small Llama checkpoint with random weights, for benches that change one size at a time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stream } from "../../src/stats/stream.js";
import {
  encodeSafetensors,
  storedFloat32,
  type StoredTensor,
} from "../../src/store/safetensors.js";

/** Sizes of the model; heads of 32 numbers, a key head for every second one, gates three times as wide as states. */
export interface CheckpointSizes {
  readonly layers: number;
  readonly dModel: number;
}

const VOCAB = 512;
const HEAD = 32;

/** Writes `config.json` and `model.safetensors` into `folder`. */
export function writeRandomCheckpoint(folder: string, { layers, dModel }: CheckpointSizes): void {
  const heads = dModel / HEAD;
  const kvHeads = Math.max(1, heads / 2);
  const hidden = 3 * dModel;
  const config = {
    ...{ architectures: ["LlamaForCausalLM"], model_type: "llama", torch_dtype: "float32" },
    ...{ hidden_size: dModel, intermediate_size: hidden, num_hidden_layers: layers },
    ...{ num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: HEAD },
    ...{ vocab_size: VOCAB, max_position_embeddings: 4096, rope_theta: 10_000, rope_scaling: null },
    ...{ rms_norm_eps: 1e-6, hidden_act: "silu", tie_word_embeddings: true },
    ...{ attention_bias: false, mlp_bias: false, attention_dropout: 0, use_cache: true },
  };
  const kv = kvHeads * HEAD;
  const shapes: [string, readonly number[]][] = [
    ["model.embed_tokens.weight", [VOCAB, dModel]],
    ["model.norm.weight", [dModel]],
    ...Array.from({ length: layers }, (_, l) => blockShapes(l, { dModel, kv, hidden })).flat(),
  ];
  const random = stream(0, "bench/checkpoint");
  const tensors = new Map(
    shapes.map(([name, shape]): [string, StoredTensor] => {
      const count = shape.reduce((product, size) => product * size, 1);
      // norms scale by 1; a matrix keeps the length of what it multiplies, up to a half per block
      const scale = 0.7 / Math.sqrt(dModel);
      const data = Float32Array.from({ length: count }, () =>
        shape.length === 1 ? 1 : scale * (2 * random.next() - 1),
      );
      return [name, storedFloat32(data, shape)];
    }),
  );
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors));
}

function blockShapes(
  l: number,
  {
    dModel: d,
    kv,
    hidden,
  }: { readonly dModel: number; readonly kv: number; readonly hidden: number },
): [string, readonly number[]][] {
  return Object.entries({
    "input_layernorm.weight": [d],
    "self_attn.q_proj.weight": [d, d],
    "self_attn.k_proj.weight": [kv, d],
    "self_attn.v_proj.weight": [kv, d],
    "self_attn.o_proj.weight": [d, d],
    "post_attention_layernorm.weight": [d],
    "mlp.gate_proj.weight": [hidden, d],
    "mlp.up_proj.weight": [hidden, d],
    "mlp.down_proj.weight": [d, hidden],
  }).map(([name, shape]) => [`model.layers.${l}.${name}`, shape]);
}
