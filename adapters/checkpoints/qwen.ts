/**
 * @file Qwen2, Qwen2.5 and Qwen3: Llama's block with biases on q, k and v (2) or norms of q and k (3).
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { Architecture, CheckpointFamily, ConfigReader } from "./family.js";
import { llamaLike, readAttentionBias, readCommon, type LlamaLike } from "./llama-like.js";
import { MODEL_NAMES, readLayerTypes, readSizes, windowOf, type Sizes } from "./sizes.js";

type Variant = Pick<LlamaLike, "bias" | "qkNorm">;

function qwen(config: ConfigReader, sizes: Sizes, variant: Variant): Architecture {
  const rope = readRope(config, sizes);
  const slides = config.flag("use_sliding_window", false);
  // the class ignores the window unless the switch is on
  const given = config.optionalCount("sliding_window");
  const absent = config.json["sliding_window"] === undefined ? 4096 : undefined;
  const window = slides ? (given ?? absent) : undefined;
  const first = config.optionalNumber("max_window_layers") ?? 28;
  const types = readLayerTypes(config, sizes.nLayers, (l) =>
    window !== undefined && l >= first ? "sliding_attention" : "full_attention",
  );
  return llamaLike({
    ...readCommon(config, sizes),
    ...variant,
    layer: (l) => ({ rope, ...windowOf(config, types[l], window) }),
  });
}

/** Qwen2 and Qwen2.5. */
export const qwen2: CheckpointFamily = {
  id: "qwen2",
  models: "Qwen2, Qwen2.5, DeepSeek-R1-Distill-Qwen",
  modelTypes: ["qwen2"],
  names: MODEL_NAMES,
  // `use_mrope`: of the vision models, false in published text models
  keys: { harmless: [], mustEqual: { use_mrope: [false] } },
  architecture: (config) =>
    qwen(config, readSizes(config, { kvHeads: 32, contextLength: 32_768 }), {
      bias: { qkv: true },
    }),
};

/** Qwen3, dense. */
export const qwen3: CheckpointFamily = {
  id: "qwen3",
  models: "Qwen3 (dense)",
  modelTypes: ["qwen3"],
  names: MODEL_NAMES,
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { kvHeads: 32, dHead: 128, contextLength: 32_768 });
    return qwen(config, sizes, { bias: readAttentionBias(config), qkNorm: "head" });
  },
};
