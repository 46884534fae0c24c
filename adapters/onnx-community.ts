/**
 * @file Exports that were quantised or fused afterwards, as in the onnx-community repositories for transformers.js: any
 * exporter's structure with MatMulNBits, QDQ weights, fused attention or fused norms in it.
 *
 * The dtypes of one repository may differ in their operators; each file is read as it is.
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";
import {
  DYNAMO_IR,
  factsFor,
  foreignOperators,
  isNotSavedBySession,
  producedBy,
  quantisedOperators,
  withSome,
} from "./marks.js";

function identify(file: ModelFile): Evidence {
  const facts = factsFor(file);
  const quantised = quantisedOperators(facts);
  // torch's newer exporter writes fused and local operators itself; the tracing one never does
  const later = facts.irVersion < DYNAMO_IR ? foreignOperators(facts) : [];
  return [
    producedBy(facts, /^(pytorch|optimum|onnx\.quantize|onnxruntime\.quantization)/),
    isNotSavedBySession(facts),
    withSome("operators added after the export", [...new Set([...quantised, ...later])]),
  ];
}

/** Exports rewritten by a quantiser or by fusions. */
export const onnxCommunity: Adapter = {
  id: "onnx-community",
  exporters: "exports quantised or fused afterwards, as in onnx-community repositories",
  families: ["llama", "qwen2", "mistral", "gpt2"],
  identify,
  locate: attemptDecoder,
};
