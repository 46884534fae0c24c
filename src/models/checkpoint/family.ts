/**
 * @file The contract of a checkpoint family: how a `config.json` becomes an architecture. The families stand in
 * `adapters/checkpoints/`; they are data plus small functions, read no files and start no runtime.
 */
import type { Architecture } from "./architecture.js";
import type { ConfigReader, KeyTable } from "./config-reader.js";
import type { TensorNames } from "./parameters.js";

/** One family of checkpoints. */
export interface CheckpointFamily {
  readonly id: string;
  /** Models of this family, for a person. */
  readonly models: string;
  /** Values of `model_type` in `config.json`. */
  readonly modelTypes: readonly string[];
  readonly names: TensorNames;
  /** Keys of `config.json` beyond those that {@link CheckpointFamily.architecture} reads. */
  readonly keys: KeyTable;
  /** Reads the configuration; mistakes are left with the reader. */
  architecture(config: ConfigReader): Architecture;
}
