/**
 * @file torch.onnx.export(dynamo=True), also after onnxscript's fusions for ONNX Runtime.
 *
 * Names are counters (`add_3`, `val_12`). Up to operator set 22 everything is decomposed; from 23 on attention, rotary
 * embedding and RMS norm are operators of ai.onnx. With optimize=False weights keep torch's [out, in] layout behind a
 * Transpose. Model-local functions are expanded.
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";
import {
  DYNAMO_IR,
  factsFor,
  foreignOperators,
  irVersion,
  isNotSavedBySession,
  producedBy,
  quantisedOperators,
  without,
} from "./marks.js";

function identify(file: ModelFile): Evidence {
  const facts = factsFor(file);
  const foreign = foreignOperators(facts);
  return [
    producedBy(facts, /^pytorch/),
    irVersion(facts, { from: DYNAMO_IR }),
    without("quantised operators", quantisedOperators(facts)),
    isNotSavedBySession(facts),
    ...(foreign.length === 0
      ? []
      : [{ supports: true, text: `fused or local operators: ${foreign.join(", ")}` }]),
  ];
}

/** Files of torch's graph-based exporter. */
export const torchDynamo: Adapter = {
  id: "torch-dynamo",
  exporters: "torch.onnx.export with dynamo=True, operator sets 18 to 23",
  families: ["llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi", "gpt2", "olmo2"],
  identify,
  locate: attemptDecoder,
};
