/**
 * @file optimum-onnx, task text-generation, with and without past, single or merged files (TorchScript exporter).
 *
 *   embedding → [ x + o(attention(norm x)) → x + down(act(up(norm x))) ]×L → norm → MatMul
 *
 * Everything is decomposed into operators of the default domain; attention is MatMul, Add, Softmax, MatMul. A merged
 * file is one If on `use_cache_branch`, of which the branch without past is taken.
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";
import { factsFor, hasOptimumDims, producedBy, traced } from "./marks.js";

/** What every file of this exporter shows: evidence for who made it. Structure is checked afterwards. */
function identify(file: ModelFile): Evidence {
  const facts = factsFor(file);
  return [producedBy(facts, /^(pytorch|optimum)/), ...traced(facts), hasOptimumDims(facts)];
}

/** Files of optimum-onnx. */
export const optimum: Adapter = {
  id: "optimum",
  exporters: "optimum-onnx, task text-generation, operator sets 13 to 18",
  families: ["llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi", "phi3", "gpt2"],
  identify,
  locate: attemptDecoder,
};
