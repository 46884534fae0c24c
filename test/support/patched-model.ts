/**
 * @file The whole model with one state replaced: what a suffix must reproduce, built without any suffix code.
 */
import { Builder } from "../../src/onnx/builder.js";
import { copyModel } from "../../src/onnx/copy.js";
import type { Model } from "../../src/onnx/graph.js";
import type { LocatedModel } from "../../src/models/located.js";

/**
 * Inputs beside the model's own: `patch_index` int64 `[batch, 1, 2]` (row, position) and `patch_state` float32
 * `[batch, 1, dModel]`. Output `logits` float32 `[batch, token, vocab]`.
 */
export function buildPatched(located: LocatedModel, layer: number): Model {
  const { model, of } = copyModel(located.model);
  const { graph } = model;
  const b = new Builder(graph, "patched");
  const site = of(located.sites[layer]!);
  const index = graph.addInput("patch_index", { dtype: "int64", shape: ["batch", 1, 2] });
  const state = graph.addInput("patch_state", {
    dtype: "float32",
    shape: ["batch", 1, located.dModel],
  });
  const uses = [...site.uses];
  const own = b.cast(state, site.type?.dtype ?? "float32");
  const patched = b.op("ScatterND", [site, index, own]);
  for (const { node, index: at } of uses) node.replaceInput(at, patched);
  const logits = b.cast(of(located.logits), "float32");
  graph.rename(of(located.logits), graph.freshName("own_logits"));
  graph.rename(logits, "logits");
  logits.type = { dtype: "float32", shape: ["batch", "token", located.vocab] };
  graph.outputs.splice(0, Infinity, logits);
  graph.prune();
  return model;
}
