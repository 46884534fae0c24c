/**
 * @file What a model file becomes: a canonical graph in which the residual stream is known.
 */
import type { Model, Value } from "../onnx/graph.js";
import type { LoraPlan } from "./lora/plan.js";

/** Something an adapter saw, for or against. */
export interface Finding {
  readonly supports: boolean;
  readonly text: string;
}

/** One pair of past inputs, fed with zero length. `[batch, kvHeads, past = 0, dHead]` unless packed. */
export interface PastInput {
  readonly name: string;
  /** Dimensions of the empty tensor to feed; `"batch"` and `0` (the past axis) stand where they belong. */
  readonly dims: readonly (number | "batch")[];
  readonly dtype: "float32" | "float16";
}

/** An input that takes embeddings in place of token ids. */
export interface EmbeddingsInput {
  readonly name: string;
  /** Embedding of a token, `[dModel]`; the file has no table, so somebody else must. */
  readonly table?: (id: number) => Float32Array;
}

/** How the model's own inputs are fed; every graph input belongs to exactly one of these. */
export interface FeedPlan {
  /** Token ids; absent where the model takes `embeddings`. */
  readonly inputIds?: { readonly name: string; readonly dtype: "int64" | "int32" };
  /** float32 `[batch, token, dModel]` */
  readonly embeddings?: EmbeddingsInput;
  readonly attentionMask?: { readonly name: string; readonly dtype: "int64" | "int32" | "float32" };
  readonly positionIds?: { readonly name: string; readonly dtype: "int64" | "int32" };
  readonly past: readonly PastInput[];
}

/** A file that shapes the model beside its graph and its weights. */
export interface ModelSource {
  /** What the file is, for the manifest: `adapter configuration`. */
  readonly role: string;
  /** Real path. */
  readonly path: string;
}

/** A model with known sites. `sites[l]`: `[batch, token, dModel]`, l = 0 the embedding output, l = after block l. */
export interface LocatedModel {
  /** Real path of the .onnx file. */
  readonly path: string;
  /** Folder of the model file, where a tokenizer and a configuration may stand. */
  readonly folder: string;
  readonly adapter: string;
  readonly evidence: readonly Finding[];
  /** Canonicalised: no If, no Skip nodes, constants as initializers. */
  readonly model: Model;
  readonly nLayers: number;
  readonly dModel: number;
  readonly vocab: number;
  /** Longest sequence that the configuration allows, where one is known. */
  readonly contextLength?: number;
  readonly sites: readonly Value[];
  /** `[batch, token, vocab]` */
  readonly logits: Value;
  readonly feeds: FeedPlan;
  /** Further files that the model was made from; they belong to its identity as the weights do. */
  readonly sources?: readonly ModelSource[];
  /** What a LoRA adapter added, where the model is a base with one beside its weights. */
  readonly lora?: LoraPlan;
}
