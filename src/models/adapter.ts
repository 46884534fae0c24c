/**
 * @file The adapter contract: how a kind of model file becomes a graph with known residual sites. The adapters
 * themselves stand in `adapters/`; the composition root hands them to {@link loadModel}.
 */
import type { LocateError } from "../errors.js";
import type { Model, Value } from "../onnx/graph.js";
import type { PassRecord } from "../onnx/passes/pass.js";
import type { Configuration } from "./configuration.js";
import type { FeedPlan, Finding } from "./located.js";

/** A model file in canonical form, with what stands beside it. */
export interface ModelFile {
  readonly path: string;
  readonly folder: string;
  /** Canonicalised: see `onnx/passes/index.ts`. */
  readonly model: Model;
  readonly passes: readonly PassRecord[];
  readonly configuration: Configuration | undefined;
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
  identify(file: ModelFile): Evidence;
  locate(file: ModelFile, evidence: Evidence): Outcome;
}
