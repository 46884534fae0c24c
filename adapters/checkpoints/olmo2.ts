/**
 * @file OLMo 2: norms after both halves only, and norms of all queries and of all keys together.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { CheckpointFamily } from "./family.js";
import { llamaLike, MODEL_PREFIX } from "./llama-like.js";
import { COMPUTED, readActivation, readSizes, rmsNorms } from "./sizes.js";

/** OLMo 2. */
export const olmo2: CheckpointFamily = {
  id: "olmo2",
  models: "OLMo 2",
  modelTypes: ["olmo2"],
  names: { prefix: MODEL_PREFIX, computed: COMPUTED },
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { contextLength: 2048 });
    const rope = readRope(config, sizes);
    const attention = config.flag("attention_bias", false);
    return llamaLike({
      sizes,
      norm: rmsNorms(sizes.dModel, config.optionalNumber("rms_norm_eps") ?? 1e-5),
      activation: readActivation(config, "hidden_act", "silu"),
      tied: config.flag("tie_word_embeddings", false),
      bias: { qkv: attention, out: attention },
      norms: { afterAttention: "post_attention_layernorm", afterMlp: "post_feedforward_layernorm" },
      qkNorm: "all",
      layer: () => ({ rope }),
    });
  },
};
