/**
 * @file optimum-onnx, task text-generation, with and without past, single or merged files (TorchScript exporter).
 *
 *   embedding → [ x + o(attention(norm x)) → x + down(act(up(norm x))) ]×L → norm → MatMul
 *
 * Everything is decomposed into operators of the default domain; attention is MatMul, Add, Softmax, MatMul.
 */
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";

/** Symbolic sizes that this exporter gives its token ids. */
const TOKEN_DIMS = "batch_size, sequence_length";

/** What every file of this exporter shows: evidence for who made it. Structure is checked afterwards. */
function identify({ model }: ModelFile): Evidence {
  const { nodes, inputs } = model.graph;
  const foreign = [...new Set(nodes.map(({ domain }) => domain))].filter((d) => d !== "");
  const dims = inputs.map(({ type }) => (type?.shape ?? []).join(", "));
  return [
    {
      supports: /^(pytorch|optimum)/.test(model.producer),
      text: `producer "${model.producer}"`,
    },
    { supports: model.irVersion <= 9, text: `IR version ${model.irVersion}` },
    {
      supports: foreign.length === 0,
      text: foreign.length === 0 ? "standard operators only" : `operators of ${foreign.join(", ")}`,
    },
    {
      supports: dims.includes(TOKEN_DIMS),
      text: `${dims.includes(TOKEN_DIMS) ? "an" : "no"} input of symbolic shape [${TOKEN_DIMS}]`,
    },
  ];
}

/** Files of optimum-onnx. */
export const optimum: Adapter = {
  id: "optimum",
  exporters: "optimum-onnx, task text-generation, operator sets 13 to 18",
  families: ["llama", "qwen2", "gpt2"],
  identify,
  locate: attemptDecoder,
};
