/**
 * @file Phi-3, Phi-3.5 mini and Phi-4: Llama's block with packed products.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { CheckpointFamily } from "./family.js";
import { llamaLike, readCommon } from "./llama-like.js";
import { MODEL_NAMES, readSizes } from "./sizes.js";

/** Phi-3 and Phi-4. */
export const phi3: CheckpointFamily = {
  id: "phi3",
  models: "Phi-3, Phi-3.5 mini, Phi-4",
  modelTypes: ["phi3"],
  names: MODEL_NAMES,
  // its class has no biases, whatever the key says
  keys: { harmless: [], mustEqual: { attention_bias: [false] } },
  architecture(config) {
    const sizes = readSizes(config, { contextLength: 4096 });
    const rope = readRope(config, {
      ...sizes,
      originalContext: config.optionalCount("original_max_position_embeddings") ?? 4096,
      aliases: { su: "longrope", yarn: "longrope" },
    });
    const window = config.optionalCount("sliding_window");
    return llamaLike({
      ...readCommon(config, sizes, { eps: 1e-5 }),
      packed: true,
      layer: () => ({ rope, ...(window === undefined ? {} : { window }) }),
    });
  },
};
