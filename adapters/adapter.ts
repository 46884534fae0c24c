/** @file The contract for authors of adapters; it is defined beside the loader that uses it. */
export type { Adapter, Evidence, ModelFile } from "../src/models/adapter.js";
