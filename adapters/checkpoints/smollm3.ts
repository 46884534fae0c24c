/**
 * @file SmolLM3: Llama's block, with every fourth layer without rotation.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { CheckpointFamily } from "./family.js";
import { llamaLike, readAttentionBias, readCommon } from "./llama-like.js";
import { MODEL_NAMES, readLayerTypes, readSizes, windowOf } from "./sizes.js";

/** SmolLM3. */
export const smollm3: CheckpointFamily = {
  id: "smollm3",
  models: "SmolLM3",
  modelTypes: ["smollm3"],
  names: MODEL_NAMES,
  // as published: they belong to the training code and no class reads them
  keys: { harmless: ["max_window_layers"], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { kvHeads: 4, contextLength: 32_768 });
    const { nLayers } = sizes;
    const rope = readRope(config, { ...sizes, theta: 2_000_000 });
    const interval = config.optionalCount("no_rope_layer_interval") ?? 4;
    const rotates =
      config.perLayer<number>("no_rope_layers", nLayers, [0, 1]) ??
      Array.from({ length: nLayers }, (_, l) => ((l + 1) % interval === 0 ? 0 : 1));
    const slides = config.flag("use_sliding_window", false);
    const window = config.optionalCount("sliding_window");
    const types = readLayerTypes(config, nLayers, (l) =>
      slides && window !== undefined && rotates[l] === 0 ? "sliding_attention" : "full_attention",
    );
    return llamaLike({
      ...readCommon(config, sizes, { tied: true }),
      bias: { ...readAttentionBias(config), mlp: config.flag("mlp_bias", false) },
      layer: (l) => ({
        ...(rotates[l] === 0 ? {} : { rope }),
        ...windowOf(config, types[l], slides ? window : undefined),
      }),
    });
  },
};
