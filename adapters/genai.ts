/**
 * @file onnxruntime-genai's model builder: float32, float16, bfloat16, int4 and int8.
 *
 *   norm → [ MatMul(qkv) → GroupQueryAttention → MatMul → Skip norm → mlp → Skip norm ]×L → MatMul
 *
 * The sums are hidden in the Skip norms, the last one under no name at all; a pass splits them. RoPE stands inside the
 * attention operator, which a pass takes apart where a gradient is needed.
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";
import { factsFor, foreignOperators, isNotSavedBySession, producedBy, withSome } from "./marks.js";

function identify(file: ModelFile): Evidence {
  const facts = factsFor(file);
  return [
    producedBy(facts, /^onnxruntime-genai/),
    isNotSavedBySession(facts),
    withSome("operators of other domains", foreignOperators(facts)),
  ];
}

/** Files of the genai model builder. */
export const genai: Adapter = {
  id: "genai",
  exporters: "onnxruntime-genai model builder 0.9 to 0.18",
  families: ["llama", "mistral", "qwen2", "qwen3", "gemma2", "phi"],
  identify,
  locate: attemptDecoder,
};
