/**
 * @file OLMo 2: norms after both halves only, and norms of all queries and of all keys together.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { CheckpointFamily } from "./family.js";
import { llamaLike, readAttentionBias, readCommon } from "./llama-like.js";
import { MODEL_NAMES, readSizes } from "./sizes.js";

/** OLMo 2. */
export const olmo2: CheckpointFamily = {
  id: "olmo2",
  models: "OLMo 2",
  modelTypes: ["olmo2"],
  names: MODEL_NAMES,
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { contextLength: 2048 });
    const rope = readRope(config, sizes);
    return llamaLike({
      ...readCommon(config, sizes, { eps: 1e-5 }),
      bias: readAttentionBias(config),
      norms: { afterAttention: "post_attention_layernorm", afterMlp: "post_feedforward_layernorm" },
      qkNorm: "all",
      layer: () => ({ rope }),
    });
  },
};
