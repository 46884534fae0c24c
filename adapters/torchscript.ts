/**
 * @file torch.onnx.export(dynamo=False) by hand: the tracing exporter without optimum around it.
 *
 * As optimum's files, with names of the author's choice for inputs and sizes.
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";
import { factsFor, hasOptimumDims, not, producedBy, traced } from "./marks.js";

function identify(file: ModelFile): Evidence {
  const facts = factsFor(file);
  return [producedBy(facts, /^pytorch/), ...traced(facts), not(hasOptimumDims(facts))];
}

/** Files of torch's tracing exporter. */
export const torchScript: Adapter = {
  id: "torchscript",
  exporters: "torch.onnx.export with dynamo=False, operator sets 13 to 17",
  families: ["llama", "gpt2", "gptneox", "phi3", "gemma2"],
  identify,
  locate: attemptDecoder,
};
