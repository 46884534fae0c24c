/**
 * @file What most configurations say in the same words: sizes, activation, norms, windows.
 */
import { ACTIVATION_NAMES, type Activation } from "../../src/models/checkpoint/activation.js";
import type { ConfigReader, LinearSpec, NormSpec } from "./family.js";

/** Sizes of a decoder. */
export interface Sizes {
  readonly vocab: number;
  readonly dModel: number;
  readonly nLayers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly dHead: number;
  readonly inner: number;
  /** `max_position_embeddings`. */
  readonly contextLength: number;
}

/** What a family's class in transformers takes where the configuration is silent. */
export interface SizeDefaults {
  /** @defaultValue the number of heads */
  readonly kvHeads?: number;
  /** @defaultValue dModel / heads */
  readonly dHead?: number;
  readonly contextLength: number;
}

/** Reads the sizes under their usual names. */
export function readSizes(config: ConfigReader, defaults: SizeDefaults): Sizes {
  const dModel = config.count("hidden_size");
  const heads = config.count("num_attention_heads");
  const kvHeads = config.optionalCount("num_key_value_heads") ?? defaults.kvHeads ?? heads;
  const dHead = config.optionalCount("head_dim") ?? defaults.dHead ?? dModel / heads;
  if (!Number.isInteger(dHead))
    config.problem("num_attention_heads", `a divisor of hidden_size = ${dModel}`, heads);
  if (heads % kvHeads !== 0)
    config.problem("num_key_value_heads", `a divisor of num_attention_heads = ${heads}`, kvHeads);
  return {
    vocab: config.count("vocab_size"),
    dModel,
    nLayers: config.count("num_hidden_layers"),
    heads,
    kvHeads: heads % kvHeads === 0 ? kvHeads : heads,
    dHead: Math.ceil(dHead),
    inner: config.count("intermediate_size"),
    contextLength: config.optionalCount("max_position_embeddings") ?? defaults.contextLength,
  };
}

/** The activation under `key`. */
export function readActivation(
  config: ConfigReader,
  key: string,
  fallback: Activation,
): Activation {
  return config.oneOf(key, ACTIVATION_NAMES, fallback);
}

/** RMS norms of one ε. */
export function rmsNorms(
  width: number,
  eps: number,
  { unitOffset = false } = {},
): (module: string, width?: number) => NormSpec {
  return (module, own = width) => ({ kind: "rms", module, width: own, eps, unitOffset });
}

/** Layer norms of one ε. */
export function layerNorms(
  width: number,
  eps: number,
): (module: string, width?: number) => NormSpec {
  return (module, own = width) => ({ kind: "layer", module, width: own, eps });
}

/** A linear layer, `[…, from]` → `[…, to]`. */
export function linearOf(
  module: string,
  [from, to]: readonly [number, number],
  bias: boolean,
): LinearSpec {
  return { module, from, to, bias };
}

const LAYER_TYPES = ["full_attention", "sliding_attention"] as const;

/** Type of a layer's attention, as `layer_types` names it. */
export type LayerType = (typeof LAYER_TYPES)[number];

/** `layer_types`, or what `rule` says of each layer where the key is absent. */
export function readLayerTypes(
  config: ConfigReader,
  nLayers: number,
  rule: (layer: number) => LayerType,
): readonly LayerType[] {
  return (
    config.perLayer("layer_types", nLayers, LAYER_TYPES) ??
    Array.from({ length: nLayers }, (_, layer) => rule(layer))
  );
}

/** The window of a layer: that of the configuration where the layer slides. */
export function windowOf(
  config: ConfigReader,
  type: LayerType | undefined,
  window: number | undefined,
): { readonly window?: number } {
  if (type !== "sliding_attention") return {};
  if (window !== undefined) return { window };
  config.problem("sliding_window", "a window for the layers of type sliding_attention", null);
  return {};
}

/** Names of the layers 0 to n − 1. */
export function layerNames(nLayers: number, prefix: string): readonly string[] {
  return Array.from({ length: nLayers }, (_, layer) => `${prefix}.${layer}`);
}

/** Rotation tables that older versions of transformers stored. */
export const COMPUTED = [/\.rotary_emb\.inv_freq$/, /\.rotary_emb\.(cos|sin)_cached$/];

/** Names of tensors in the families whose transformer is the module `model`. */
export const MODEL_NAMES = { prefix: "model.", computed: COMPUTED };
