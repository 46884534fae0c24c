/**
 * @file Any other decoder-only graph: found by structure alone. Exporters whose files have the same structure as one
 * that has an adapter often just work here; `inspect` tells what was seen.
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter } from "./adapter.js";

/** The last adapter of the list: nothing speaks against it but the structure itself. */
export const generic: Adapter = {
  id: "generic",
  exporters: "any exporter of decoder-only language models",
  families: [],
  identify: ({ model }) => [{ supports: true, text: `producer "${model.producer || "unknown"}"` }],
  locate: attemptDecoder,
};
