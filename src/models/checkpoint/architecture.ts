/**
 * @file What a decoder is made of, as data: the contract between `config.json` (read by a family) and the graph that
 * is written from it. Modules carry their Hugging Face paths, sizes are those that the weights must have.
 */
import type { Activation } from "./activation.js";
import type { Rope } from "./rope.js";

/** A linear layer. `out-in`: weight `[to, from]` as torch's Linear stores it; `in-out`: `[from, to]`, GPT-2's Conv1D. */
export interface LinearSpec {
  readonly module: string;
  readonly from: number;
  readonly to: number;
  readonly bias: boolean;
  /** @defaultValue "out-in" */
  readonly layout?: "out-in" | "in-out";
}

/** A norm over the last axis: `rms` x / √(mean x² + ε) · w, `layer` with mean and bias. */
export interface NormSpec {
  readonly kind: "rms" | "layer";
  readonly module: string;
  readonly width: number;
  readonly eps: number;
  /** The stored weight is w − 1 (Gemma). @defaultValue false */
  readonly unitOffset?: boolean;
}

/** Where queries, keys and values come from. */
export type Projections =
  | {
      readonly kind: "separate";
      readonly q: LinearSpec;
      readonly k: LinearSpec;
      readonly v: LinearSpec;
    }
  /** One product: all queries, then all keys, then all values. */
  | { readonly kind: "packed"; readonly qkv: LinearSpec }
  /** One product: query, key and value of the first head, then of the second … (GPT-NeoX). */
  | { readonly kind: "packed-by-head"; readonly qkv: LinearSpec };

/** Causal self-attention. Head h reads the keys of key-value head ⌊h · kvHeads / heads⌋. */
export interface AttentionSpec {
  readonly module: string;
  readonly heads: number;
  readonly kvHeads: number;
  readonly dHead: number;
  /** Scores are scale · q·k. */
  readonly scale: number;
  /** Scores s become cap · tanh(s / cap) before the mask. */
  readonly softcap?: number;
  /** Position i reads j with i − window < j ≤ i; absent: every j ≤ i. */
  readonly window?: number;
  /** Absent: no rotation in this layer. */
  readonly rope?: Rope;
  readonly projections: Projections;
  /** Norms of queries and keys, before the rotation: of each head, or of all heads together. */
  readonly qkNorm?: { readonly over: "head" | "all"; readonly q: NormSpec; readonly k: NormSpec };
  readonly out: LinearSpec;
}

/** The feed-forward half: down(act(gate x) · up x), packed as one product or not, or down(act(up x)). */
export type MlpSpec = { readonly activation: Activation; readonly down: LinearSpec } & (
  | { readonly kind: "gated"; readonly gate: LinearSpec; readonly up: LinearSpec }
  | { readonly kind: "gated-packed"; readonly gateUp: LinearSpec }
  | { readonly kind: "plain"; readonly up: LinearSpec }
);

/**
 * One block.
 *
 *   sequential  y = x + post₁(attention(pre₁ x)),  x' = y + post₂(mlp(pre₂ y))
 *   parallel    x' = x + attention(pre₁ x) + mlp(pre₂ x)
 *
 * An absent norm is the identity. In a parallel block both norms may be one and the same module.
 */
export interface BlockSpec {
  readonly form: "sequential" | "parallel";
  readonly attention: AttentionSpec;
  readonly mlp: MlpSpec;
  readonly norms: {
    readonly beforeAttention?: NormSpec;
    readonly afterAttention?: NormSpec;
    readonly beforeMlp?: NormSpec;
    readonly afterMlp?: NormSpec;
  };
}

/** The whole model. */
export interface Architecture {
  readonly vocab: number;
  readonly dModel: number;
  readonly embedding: {
    readonly module: string;
    /** States are multiplied by this (Gemma: √dModel). */
    readonly scale?: number;
    /** Learned positions are added: rows of this module's weight. */
    readonly positions?: { readonly module: string; readonly rows: number };
  };
  readonly blocks: readonly BlockSpec[];
  readonly norm: NormSpec;
  readonly head: {
    readonly module: string;
    /** The embedding's weight is the head's as well. */
    readonly tied: boolean;
    readonly bias: boolean;
    /** Logits z become cap · tanh(z / cap). */
    readonly softcap?: number;
  };
}
