/**
 * @file The arithmetic minimum of one step, from the configuration of a gated decoder (Llama and its kin).
 *
 * With R rows of W tokens (R = 4 · pairs: two targets, two sources each; W tokens from the patched one to the last),
 * B blocks above the site, T prompt tokens and A answer tokens:
 *
 *     block   w = d · (H + 2 K) · s + H · s · d + 3 · d · f             weights of one block
 *     dense   4 · R · W · B · w           2 per weight forward, 2 for the gradient of the data; weights have none
 *     scores  8 · R · B · H · s · S       q kᵀ and p v, and back to p and q;  S = Σ over tokens of the keys they see
 *     keys    4 · R · B · H · s · S'      back to the window's own keys and values;  S' = W (W + 1) / 2
 *     head    4 · R · d · A               the answer tokens' columns only, at one token
 *
 * Norms, activations, softmax, the patch and its derivative (k · d each) are not counted.
 */
import { invariant } from "../../src/errors.js";

/** What the count depends on in a model. */
export interface BlockSizes {
  readonly dModel: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly dHead: number;
  readonly hidden: number;
  readonly layers: number;
}

/** What it depends on in a step. */
export interface StepSizes {
  readonly rows: number;
  /** Tokens from the patched one to the last. */
  readonly suffix: number;
  readonly tokens: number;
  readonly layer: number;
  readonly answers: number;
}

/** Families whose blocks are as the count has them. */
const GATED = new Set(["llama", "mistral", "qwen2", "qwen3", "smollm3"]);

/** Sizes from `config.json`. @throws {@link InvariantError} for blocks of another kind. */
export function blockSizes(config: Readonly<Record<string, unknown>>): BlockSizes {
  const number = (name: string): number => {
    const value = config[name];
    invariant(typeof value === "number", `"${name}" of config.json`);
    return value;
  };
  const family = String(config["model_type"]);
  invariant(GATED.has(family), `the arithmetic of model_type "${family}"`);
  const dModel = number("hidden_size");
  const heads = number("num_attention_heads");
  const dHead = config["head_dim"];
  return {
    dModel,
    heads,
    kvHeads: number("num_key_value_heads"),
    dHead: typeof dHead === "number" ? dHead : dModel / heads,
    hidden: number("intermediate_size"),
    layers: number("num_hidden_layers"),
  };
}

/** Floating-point operations of one step: see the file header. */
export function stepFlops(model: BlockSizes, step: StepSizes): number {
  const { dModel: d, heads, kvHeads, dHead, hidden } = model;
  const { rows, suffix, tokens, answers } = step;
  const blocks = model.layers - step.layer;
  const inner = heads * dHead;
  const weights = d * (inner + 2 * kvHeads * dHead) + inner * d + 3 * d * hidden;
  const own = (suffix * (suffix + 1)) / 2;
  const seen = suffix * (tokens - suffix) + own;
  const perRow = blocks * (4 * suffix * weights + inner * (8 * seen + 4 * own)) + 4 * d * answers;
  return rows * perRow;
}
