/**
 * @file Llama 1 to 3, SmolLM 1 and 2, TinyLlama, Vicuna and the many others that save `model_type` llama.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { CheckpointFamily } from "./family.js";
import { llamaLike, readAttentionBias, readCommon } from "./llama-like.js";
import { MODEL_NAMES, readSizes } from "./sizes.js";

/** Llama and its namesakes. */
export const llama: CheckpointFamily = {
  id: "llama",
  models: "Llama, SmolLM and SmolLM2, TinyLlama",
  modelTypes: ["llama"],
  names: MODEL_NAMES,
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { contextLength: 2048 });
    const rope = readRope(config, sizes);
    return llamaLike({
      ...readCommon(config, sizes),
      bias: { ...readAttentionBias(config), mlp: config.flag("mlp_bias", false) },
      layer: () => ({ rope }),
    });
  },
};
