/**
 * @file The adapter contract: how a kind of model file becomes a graph with known residual sites. The adapters
 * themselves stand in `adapters/`; the composition root hands them to {@link loadModel}.
 */
import type { LocateError } from "../errors.js";
import type { Model, Value } from "../onnx/graph.js";
import type { PassRecord } from "../onnx/passes/pass.js";
import type { CheckpointFamily } from "./checkpoint/family.js";
import type { Configuration } from "./configuration.js";
import type { FileFacts } from "./file-facts.js";
import type { FeedPlan, Finding } from "./located.js";

/** A model file in canonical form, with what stands beside it. */
export interface ModelFile {
  readonly path: string;
  readonly folder: string;
  /** Canonicalised: see `onnx/passes/index.ts`. */
  readonly model: Model;
  readonly passes: readonly PassRecord[];
  /** The file before the passes; absent for graphs that were made and not read. */
  readonly facts?: FileFacts;
  readonly configuration: Configuration | undefined;
  /** Set where the graph was generated from a folder of weights. */
  readonly checkpoint?: { readonly family: string; readonly findings: Evidence };
}

/** What an adapter saw. It takes the file when nothing speaks against it. */
export type Evidence = readonly Finding[];

/** Residual sites in a graph. Types and cross-checks are the loader's part. */
export interface Located {
  /** `[batch, token, dModel]` each; index l = residual after block l, 0 = embedding output. */
  readonly sites: readonly Value[];
  /** `[batch, token, vocab]` */
  readonly logits: Value;
  readonly feeds: FeedPlan;
  /** Rows of the embedding table, where it is there to see. */
  readonly tableRows?: number;
  readonly findings: Evidence;
}

/** Sites, or why there are none. */
export type Outcome =
  | { readonly kind: "located"; readonly located: Located }
  | { readonly kind: "refused"; readonly error: LocateError };

/** One exporter or checkpoint family. Data plus small functions: no files, no runtime. */
export interface Adapter {
  readonly id: string;
  /** Exporter and versions, for a person. */
  readonly exporters: string;
  readonly families: readonly string[];
  /** Families of checkpoints whose graphs can be generated; such a graph is then located like any other. */
  readonly checkpoints?: readonly CheckpointFamily[];
  identify(file: ModelFile): Evidence;
  locate(file: ModelFile, evidence: Evidence): Outcome;
}
