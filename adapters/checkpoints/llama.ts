/**
 * @file Llama 1 to 3, SmolLM 1 and 2, TinyLlama, Vicuna and the many others that save `model_type` llama.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { CheckpointFamily } from "./family.js";
import { llamaLike, MODEL_PREFIX } from "./llama-like.js";
import { COMPUTED, readActivation, readSizes, rmsNorms } from "./sizes.js";

/** Llama and its namesakes. */
export const llama: CheckpointFamily = {
  id: "llama",
  models: "Llama, SmolLM and SmolLM2, TinyLlama",
  modelTypes: ["llama"],
  names: { prefix: MODEL_PREFIX, computed: COMPUTED },
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { contextLength: 2048 });
    const rope = readRope(config, sizes);
    const attention = config.flag("attention_bias", false);
    return llamaLike({
      sizes,
      norm: rmsNorms(sizes.dModel, config.optionalNumber("rms_norm_eps") ?? 1e-6),
      activation: readActivation(config, "hidden_act", "silu"),
      tied: config.flag("tie_word_embeddings", false),
      bias: { qkv: attention, out: attention, mlp: config.flag("mlp_bias", false) },
      layer: () => ({ rope }),
    });
  },
};
