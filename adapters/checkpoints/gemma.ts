/**
 * @file Gemma 1, 2 and 3 (text): norms store w − 1, embeddings are scaled by √dModel, heads are tied. Gemma 2 adds norms
 * after both halves, soft caps and alternating windows; Gemma 3 norms of q and k and a second rotation for sliding layers.
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { Architecture, CheckpointFamily, ConfigReader } from "./family.js";
import { llamaLike, readAttentionBias, type LlamaLike } from "./llama-like.js";
import {
  MODEL_NAMES,
  readActivation,
  readLayerTypes,
  readSizes,
  rmsNorms,
  windowOf,
  type Sizes,
} from "./sizes.js";

const FOUR_NORMS = {
  beforeAttention: "input_layernorm",
  afterAttention: "post_attention_layernorm",
  beforeMlp: "pre_feedforward_layernorm",
  afterMlp: "post_feedforward_layernorm",
} as const;

function gemmaLike(
  config: ConfigReader,
  sizes: Sizes,
  variant: Pick<LlamaLike, "layer"> & Partial<LlamaLike>,
): Architecture {
  return llamaLike({
    sizes,
    norm: rmsNorms(sizes.dModel, config.optionalNumber("rms_norm_eps") ?? 1e-6, {
      unitOffset: true,
    }),
    activation: readActivation(config, "hidden_activation", "gelu_pytorch_tanh"),
    tied: config.flag("tie_word_embeddings", true),
    bias: readAttentionBias(config),
    embeddingScale: Math.fround(Math.sqrt(sizes.dModel)),
    ...variant,
  });
}

/** Soft cap, window and scale, as Gemma 2 and 3 read them; absent keys have the class's own values. */
function readAttention(
  config: ConfigReader,
  caps: { readonly attention: number | undefined; readonly head: number | undefined },
): Pick<LlamaLike, "scale" | "attentionSoftcap" | "headSoftcap"> & { readonly window: number } {
  const cap = (key: string, fallback: number | undefined): number | undefined =>
    config.optionalNumber(key) ?? (config.json[key] === null ? undefined : fallback);
  return {
    scale: (config.optionalNumber("query_pre_attn_scalar") ?? 256) ** -0.5,
    attentionSoftcap: cap("attn_logit_softcapping", caps.attention),
    headSoftcap: cap("final_logit_softcapping", caps.head),
    window: config.optionalCount("sliding_window") ?? 4096,
  };
}

/** Gemma 1. */
export const gemma: CheckpointFamily = {
  id: "gemma",
  models: "Gemma 1",
  modelTypes: ["gemma"],
  names: MODEL_NAMES,
  // its class computes with the tanh form whatever `hidden_act` says when `hidden_activation` is absent
  keys: { harmless: ["hidden_act"], mustEqual: { use_bidirectional_attention: [false] } },
  architecture(config) {
    const sizes = readSizes(config, { kvHeads: 16, dHead: 256, contextLength: 8192 });
    const rope = readRope(config, sizes);
    return gemmaLike(config, sizes, { layer: () => ({ rope }) });
  },
};

/** Gemma 2. */
export const gemma2: CheckpointFamily = {
  id: "gemma2",
  models: "Gemma 2",
  modelTypes: ["gemma2"],
  names: MODEL_NAMES,
  keys: {
    harmless: ["hidden_act", "cache_implementation", "sliding_window_size"],
    mustEqual: { use_bidirectional_attention: [false] },
  },
  architecture(config) {
    const sizes = readSizes(config, { kvHeads: 4, dHead: 256, contextLength: 8192 });
    const rope = readRope(config, sizes);
    const { window, ...attention } = readAttention(config, { attention: 50, head: 30 });
    const types = readLayerTypes(config, sizes.nLayers, (l) =>
      l % 2 === 0 ? "sliding_attention" : "full_attention",
    );
    return gemmaLike(config, sizes, {
      ...attention,
      norms: FOUR_NORMS,
      layer: (l) => ({ rope, ...windowOf(config, types[l], window) }),
    });
  },
};

/** Gemma 3, the text models. */
export const gemma3: CheckpointFamily = {
  id: "gemma3",
  models: "Gemma 3 (text)",
  modelTypes: ["gemma3_text"],
  names: MODEL_NAMES,
  // `_sliding_window_pattern` is how transformers 4 writes down a pattern that `layer_types` spells out
  keys: {
    harmless: ["hidden_act", "cache_implementation", "_sliding_window_pattern"],
    mustEqual: { use_bidirectional_attention: [false] },
  },
  architecture(config) {
    const sizes = readSizes(config, { kvHeads: 4, dHead: 256, contextLength: 131_072 });
    const far = readRope(config, { ...sizes, theta: 1_000_000, layerType: "full_attention" });
    const near = readRope(config, {
      ...sizes,
      thetaKeys: ["rope_local_base_freq"],
      layerType: "sliding_attention",
      scaled: false,
    });
    const { window, ...attention } = readAttention(config, {
      attention: undefined,
      head: undefined,
    });
    const pattern = config.optionalCount("sliding_window_pattern") ?? 6;
    const types = readLayerTypes(config, sizes.nLayers, (l) =>
      (l + 1) % pattern === 0 ? "full_attention" : "sliding_attention",
    );
    return gemmaLike(config, sizes, {
      ...attention,
      norms: FOUR_NORMS,
      qkNorm: "head",
      layer: (l) => ({
        rope: types[l] === "sliding_attention" ? near : far,
        ...windowOf(config, types[l], window),
      }),
    });
  },
};
