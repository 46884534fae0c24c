/**
 * @file The block that Llama introduced and that many families vary in a few respects:
 *
 *   x + o(attention(q, k, v of norm x)),  then  y + down(act(gate(norm y)) · up(norm y))
 */
import type { Activation } from "../../src/models/checkpoint/activation.js";
import type { Rope } from "../../src/models/checkpoint/rope.js";
import type {
  Architecture,
  AttentionSpec,
  BlockSpec,
  ConfigReader,
  LinearSpec,
  MlpSpec,
  NormSpec,
} from "./family.js";
import { layerNames, linearOf, readActivation, rmsNorms, type Sizes } from "./sizes.js";

interface Biases {
  readonly qkv?: boolean;
  readonly out?: boolean;
  readonly mlp?: boolean;
}

/** In what a family, or one of its layers, differs. */
export interface LlamaLike {
  readonly sizes: Sizes;
  readonly norm: (module: string, width?: number) => NormSpec;
  readonly activation: Activation;
  readonly tied: boolean;
  /** @defaultValue none */
  readonly bias?: Biases;
  /** What varies from layer to layer. */
  readonly layer: (layer: number) => {
    readonly rope?: Rope;
    readonly window?: number;
  };
  /** Norms around the two halves, by the names of their modules. @defaultValue before both halves, as Llama */
  readonly norms?: Readonly<Partial<Record<keyof BlockSpec["norms"], string>>>;
  /** Norms of queries and keys. */
  readonly qkNorm?: "head" | "all";
  /** Queries, keys and values, and gate and up, are one product each (Phi-3). @defaultValue false */
  readonly packed?: boolean;
  /** @defaultValue dHead^(−1/2) */
  readonly scale?: number;
  readonly attentionSoftcap?: number | undefined;
  readonly headSoftcap?: number | undefined;
  readonly embeddingScale?: number;
}

const PRE_NORMS = {
  beforeAttention: "input_layernorm",
  beforeMlp: "post_attention_layernorm",
} as const;

/** What most of these families read under the same keys; `eps` and `tied` are those of the class in transformers. */
export function readCommon(
  config: ConfigReader,
  sizes: Sizes,
  { eps = 1e-6, tied = false } = {},
): Pick<LlamaLike, "sizes" | "norm" | "activation" | "tied"> {
  return {
    sizes,
    norm: rmsNorms(sizes.dModel, config.optionalNumber("rms_norm_eps") ?? eps),
    activation: readActivation(config, "hidden_act", "silu"),
    tied: config.flag("tie_word_embeddings", tied),
  };
}

/** `attention_bias`: biases of all four products of an attention. */
export function readAttentionBias(config: ConfigReader): Required<Pick<Biases, "qkv" | "out">> {
  const bias = config.flag("attention_bias", false);
  return { qkv: bias, out: bias };
}

/** The architecture of a Llama-like decoder. */
export function llamaLike(shape: LlamaLike): Architecture {
  const { sizes, norm, tied, embeddingScale, headSoftcap } = shape;
  return {
    vocab: sizes.vocab,
    dModel: sizes.dModel,
    embedding: {
      module: "model.embed_tokens",
      ...(embeddingScale === undefined ? {} : { scale: embeddingScale }),
    },
    blocks: layerNames(sizes.nLayers, "model.layers").map((path, l) => blockOf(shape, path, l)),
    norm: norm("model.norm"),
    head: {
      module: "lm_head",
      tied,
      bias: false,
      ...(headSoftcap === undefined ? {} : { softcap: headSoftcap }),
    },
  };
}

function blockOf(shape: LlamaLike, path: string, layer: number): BlockSpec {
  const named = Object.entries(shape.norms ?? PRE_NORMS);
  const norms = Object.fromEntries(
    named.map(([place, name]) => [place, shape.norm(`${path}.${name}`)]),
  );
  return {
    form: "sequential",
    attention: attentionOf(shape, `${path}.self_attn`, layer),
    mlp: mlpOf(shape, `${path}.mlp`),
    norms,
  };
}

function attentionOf(shape: LlamaLike, module: string, layer: number): AttentionSpec {
  const { sizes, norm, qkNorm, bias = {}, packed = false, attentionSoftcap } = shape;
  const { dModel, heads, kvHeads, dHead } = sizes;
  const [q, kv] = [heads * dHead, kvHeads * dHead];
  const projection = (name: string, to: number): LinearSpec =>
    linearOf(`${module}.${name}`, [dModel, to], bias.qkv ?? false);
  return {
    module,
    heads,
    kvHeads,
    dHead,
    scale: shape.scale ?? dHead ** -0.5,
    ...(attentionSoftcap === undefined ? {} : { softcap: attentionSoftcap }),
    ...shape.layer(layer),
    projections: packed
      ? { kind: "packed", qkv: projection("qkv_proj", q + 2 * kv) }
      : {
          kind: "separate",
          q: projection("q_proj", q),
          k: projection("k_proj", kv),
          v: projection("v_proj", kv),
        },
    ...(qkNorm === undefined
      ? {}
      : {
          qkNorm: {
            over: qkNorm,
            q: norm(`${module}.q_norm`, qkNorm === "head" ? dHead : q),
            k: norm(`${module}.k_norm`, qkNorm === "head" ? dHead : kv),
          },
        }),
    out: linearOf(`${module}.o_proj`, [q, dModel], bias.out ?? false),
  };
}

function mlpOf({ sizes, activation, bias, packed = false }: LlamaLike, module: string): MlpSpec {
  const { dModel, inner } = sizes;
  const hasBias = bias?.mlp ?? false;
  const layer = (name: string, size: readonly [number, number]): LinearSpec =>
    linearOf(`${module}.${name}`, size, hasBias);
  const down = layer("down_proj", [inner, dModel]);
  return packed
    ? { kind: "gated-packed", activation, gateUp: layer("gate_up_proj", [dModel, 2 * inner]), down }
    : {
        kind: "gated",
        activation,
        gate: layer("gate_proj", [dModel, inner]),
        up: layer("up_proj", [dModel, inner]),
        down,
      };
}
