/**
 * @file ONNX Runtime's own optimisers: the transformer optimiser (`onnxruntime.transformers.optimizer`), and sessions that
 * save the graph they run.
 *
 * Norms and sums are fused (Skip norms with the projection's bias inside), activations too, and in older files attention
 * and embedding. Inputs may be int32, and a past one tensor [2, batch, heads, past, dHead].
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";
import { factsFor, isSavedBySession, producedBy } from "./marks.js";

function identify(file: ModelFile): Evidence {
  const facts = factsFor(file);
  if (isSavedBySession(facts))
    return [{ supports: true, text: "operator sets of a session that saved its graph" }];
  return [producedBy(facts, /^onnxruntime\.transformers/)];
}

/** Files that ONNX Runtime has optimised. */
export const ortOptimiser: Adapter = {
  id: "ort-optimiser",
  exporters: "ONNX Runtime's transformer optimiser, and graphs saved by its sessions",
  families: ["gpt2", "llama", "gptneox"],
  identify,
  locate: attemptDecoder,
};
