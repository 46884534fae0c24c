/**
 * @file Qwen2, Qwen2.5 and Qwen3: Llama's block with biases on q, k and v (2) or norms of q and k (3).
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { Architecture, CheckpointFamily, ConfigReader } from "./family.js";
import { llamaLike, MODEL_PREFIX } from "./llama-like.js";
import {
  COMPUTED,
  readActivation,
  readLayerTypes,
  readSizes,
  rmsNorms,
  windowOf,
  type Sizes,
} from "./sizes.js";

type Variant = Pick<Parameters<typeof llamaLike>[0], "bias" | "qkNorm">;

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
    sizes,
    norm: rmsNorms(sizes.dModel, config.optionalNumber("rms_norm_eps") ?? 1e-6),
    activation: readActivation(config, "hidden_act", "silu"),
    tied: config.flag("tie_word_embeddings", false),
    ...variant,
    layer: (l) => ({ rope, ...windowOf(config, types[l], window) }),
  });
}

/** Qwen2 and Qwen2.5. */
export const qwen2: CheckpointFamily = {
  id: "qwen2",
  models: "Qwen2, Qwen2.5, DeepSeek-R1-Distill-Qwen",
  modelTypes: ["qwen2"],
  names: { prefix: MODEL_PREFIX, computed: COMPUTED },
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
  names: { prefix: MODEL_PREFIX, computed: COMPUTED },
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { kvHeads: 32, dHead: 128, contextLength: 32_768 });
    const attention = config.flag("attention_bias", false);
    return qwen(config, sizes, { bias: { qkv: attention, out: attention }, qkNorm: "head" });
  },
};
