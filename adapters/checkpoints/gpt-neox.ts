/**
 * @file GPT-NeoX and Pythia: parallel or sequential blocks with two norms, queries, keys and values packed by head.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { BlockSpec, CheckpointFamily } from "./family.js";
import { COMPUTED, layerNames, layerNorms, linearOf, readActivation, readSizes } from "./sizes.js";

/** GPT-NeoX and Pythia. */
export const gptNeox: CheckpointFamily = {
  id: "gpt-neox",
  models: "GPT-NeoX, Pythia, Dolly",
  modelTypes: ["gpt_neox"],
  names: {
    prefix: "gpt_neox.",
    computed: [...COMPUTED, /\.attention\.(bias|masked_bias)$/],
  },
  keys: { harmless: [], mustEqual: { num_key_value_heads: [] } },
  architecture(config) {
    const sizes = readSizes(config, { contextLength: 2048 });
    const { dModel, heads, dHead, inner } = sizes;
    if (heads * dHead !== dModel)
      config.problem("head_dim", "hidden_size / num_attention_heads", dHead);
    const rope = readRope(config, {
      ...sizes,
      thetaKeys: ["rotary_emb_base", "rope_theta"],
      shareKeys: ["rotary_pct", "partial_rotary_factor"],
      share: 0.25,
    });
    const norm = layerNorms(dModel, config.optionalNumber("layer_norm_eps") ?? 1e-5);
    const activation = readActivation(config, "hidden_act", "gelu");
    const bias = config.flag("attention_bias", true);
    const form = config.flag("use_parallel_residual", true) ? "parallel" : "sequential";
    const blocks = layerNames(sizes.nLayers, "gpt_neox.layers").map((path): BlockSpec => {
      const module = `${path}.attention`;
      const qkv = linearOf(`${module}.query_key_value`, [dModel, 3 * dModel], bias);
      return {
        form,
        attention: {
          module,
          heads,
          kvHeads: heads,
          dHead,
          scale: dHead ** -0.5,
          rope,
          projections: { kind: "packed-by-head", qkv },
          out: linearOf(`${module}.dense`, [dModel, dModel], bias),
        },
        mlp: {
          kind: "plain",
          activation,
          up: linearOf(`${path}.mlp.dense_h_to_4h`, [dModel, inner], true),
          down: linearOf(`${path}.mlp.dense_4h_to_h`, [inner, dModel], true),
        },
        norms: {
          beforeAttention: norm(`${path}.input_layernorm`),
          beforeMlp: norm(`${path}.post_attention_layernorm`),
        },
      };
    });
    return {
      vocab: sizes.vocab,
      dModel,
      embedding: { module: "gpt_neox.embed_in" },
      blocks,
      norm: norm("gpt_neox.final_layer_norm"),
      head: { module: "embed_out", tied: config.flag("tie_word_embeddings", false), bias: false },
    };
  },
};
