/** @file The contract for authors of checkpoint families; it is defined beside the code that uses it. */
export type {
  Architecture,
  AttentionSpec,
  BlockSpec,
  LinearSpec,
  MlpSpec,
  NormSpec,
} from "../../src/models/checkpoint/architecture.js";
export type { ConfigReader } from "../../src/models/checkpoint/config-reader.js";
export type { CheckpointFamily } from "../../src/models/checkpoint/family.js";
