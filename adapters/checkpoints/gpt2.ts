/**
 * @file GPT-2 and DistilGPT-2: learned positions, packed products stored `[in, out]`.
 */
import type { BlockSpec, CheckpointFamily, LinearSpec } from "./family.js";
import { COMPUTED, layerNames, layerNorms, readActivation } from "./sizes.js";

/** GPT-2's Conv1D: a linear layer whose weight is stored the other way round. */
function conv1d(module: string, [from, to]: readonly [number, number]): LinearSpec {
  return { module, from, to, bias: true, layout: "in-out" };
}

/** GPT-2. */
export const gpt2: CheckpointFamily = {
  id: "gpt2",
  models: "GPT-2, DistilGPT-2",
  modelTypes: ["gpt2"],
  names: {
    prefix: "transformer.",
    computed: [...COMPUTED, /\.attn\.(bias|masked_bias)$/],
  },
  keys: {
    // reordered and upcast is the same product where activations are float32; n_ctx repeats n_positions
    harmless: ["reorder_and_upcast_attn", "n_ctx"],
    mustEqual: {},
  },
  architecture(config) {
    const [dModel, heads, vocab] = [
      config.count("n_embd"),
      config.count("n_head"),
      config.count("vocab_size"),
    ];
    const dHead = dModel / heads;
    if (!Number.isInteger(dHead))
      config.problem("n_head", `a divisor of n_embd = ${dModel}`, heads);
    const inner = config.optionalCount("n_inner") ?? 4 * dModel;
    const norm = layerNorms(dModel, config.optionalNumber("layer_norm_epsilon") ?? 1e-5);
    const activation = readActivation(config, "activation_function", "gelu_new");
    const isScaled = config.flag("scale_attn_weights", true);
    const byLayer = config.flag("scale_attn_by_inverse_layer_idx", false);
    const blocks = layerNames(config.count("n_layer"), "transformer.h").map(
      (path, l): BlockSpec => {
        const module = `${path}.attn`;
        return {
          form: "sequential",
          attention: {
            module,
            heads,
            kvHeads: heads,
            dHead: Math.ceil(dHead),
            scale: (isScaled ? dHead ** -0.5 : 1) / (byLayer ? l + 1 : 1),
            projections: { kind: "packed", qkv: conv1d(`${module}.c_attn`, [dModel, 3 * dModel]) },
            out: conv1d(`${module}.c_proj`, [dModel, dModel]),
          },
          mlp: {
            kind: "plain",
            activation,
            up: conv1d(`${path}.mlp.c_fc`, [dModel, inner]),
            down: conv1d(`${path}.mlp.c_proj`, [inner, dModel]),
          },
          norms: { beforeAttention: norm(`${path}.ln_1`), beforeMlp: norm(`${path}.ln_2`) },
        };
      },
    );
    const rows = config.optionalCount("n_positions") ?? 1024;
    return {
      vocab,
      dModel,
      embedding: { module: "transformer.wte", positions: { module: "transformer.wpe", rows } },
      blocks,
      norm: norm("transformer.ln_f"),
      head: { module: "lm_head", tied: config.flag("tie_word_embeddings", true), bias: false },
    };
  },
};
