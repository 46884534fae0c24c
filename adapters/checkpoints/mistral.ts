/**
 * @file Mistral: Llama's block with one sliding window for all layers.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { CheckpointFamily } from "./family.js";
import { llamaLike, readCommon } from "./llama-like.js";
import { MODEL_NAMES, readSizes } from "./sizes.js";

/** Window of the first version; `null` in the configuration means none. */
const FIRST_WINDOW = 4096;

/** Mistral. */
export const mistral: CheckpointFamily = {
  id: "mistral",
  models: "Mistral 7B, Nemo, Small and Zephyr",
  modelTypes: ["mistral"],
  names: MODEL_NAMES,
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { kvHeads: 8, contextLength: 131_072 });
    const rope = readRope(config, sizes);
    const given = config.optionalCount("sliding_window");
    const window = given ?? (config.json["sliding_window"] === null ? undefined : FIRST_WINDOW);
    const type = window === undefined ? "full_attention" : "sliding_attention";
    // its class gives every layer the same attention, whatever this key says
    config.perLayer("layer_types", sizes.nLayers, [type]);
    return llamaLike({
      ...readCommon(config, sizes),
      layer: () => ({ rope, ...(window === undefined ? {} : { window }) }),
    });
  },
};
