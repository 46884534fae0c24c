/**
 * @file The suffix of a model for whole contexts: the states of every token go in, the whole next-token distribution is
 * compared with a wanted one. `suffix.ts` is its sibling for one patched token and a few answers.
 *
 * Definition. With q the model's distribution at the label position and p the wanted one, over the whole vocabulary:
 *
 *   loss = KL(p ‖ q) = Σ p (ln p − ln q), in nats
 *
 * NOTE: the states are one input and not natural states, patched states and a mask. The caller writes the states that it
 * changes over those that it keeps, and reads the gradient of those alone: one tensor crosses the border instead of three.
 */
import { differentiate } from "../autodiff/differentiate.js";
import { Builder } from "../onnx/builder.js";
import { lateDequantise } from "../onnx/passes/late-dequantise.js";
import { applyPasses } from "../onnx/passes/pass.js";
import type { Model, Value } from "../onnx/graph.js";
import { TypeInference } from "../onnx/type-inference.js";
import type { LocatedModel } from "./located.js";
import { addOutput, cutAt, selectPosition, type CutModel } from "./suffix.js";
import { dependsOnlyThrough, dropIdleInputs, dropIdleReshapes } from "./tail.js";

/**
 * Builds the distribution suffix of a located model from site `layer` upwards (0: the embedding output).
 *
 * Inputs, beside those of the model that are still needed:
 * - `residual` float32 `[batch, token, dModel]`: the states at the site, patched or not
 * - `label_position` int64 `[batch]`: whose next token is asked for
 * - `target_log_prob` float32 `[batch, vocab]`: ln p, finite
 *
 * Outputs: `loss_nats` float32 `[batch]`, KL(p ‖ q); `top_token` int64 `[batch]`, the most probable token of q; with
 * `gradient` also `gradient` float32 `[batch, token, dModel]`, d(sum of losses)/d(residual).
 *
 * @throws {@link UnsupportedOperatorError} when an operator above the site has no derivative rule.
 * @throws {@link ModelFormatError} when the logits do not depend on the site.
 */
export function buildDistributionSuffix(
  located: LocatedModel,
  layer: number,
  { gradient }: { readonly gradient: boolean },
): Model {
  const cut = cutAt(located, layer);
  const { graph } = cut.model;
  const { vocab } = located;
  const b = new Builder(graph, "suffix");
  const labelPosition = graph.addInput("label_position", { dtype: "int64", shape: [cut.batch] });
  const target = graph.addInput("target_log_prob", {
    dtype: "float32",
    shape: [cut.batch, vocab],
  });
  const logProb = labelLogProb(b, cut, labelPosition);
  const gap = b.op("Mul", [b.op("Exp", [target]), b.op("Sub", [target, logProb])]);
  const loss = b.op("ReduceSum", [gap, b.ints([1])], { keepdims: 0n });
  const top = b.op("ArgMax", [logProb], { axis: 1n, keepdims: 0n });
  graph.outputs.splice(0, Infinity);
  addOutput(b, loss, { name: "loss_nats", shape: [cut.batch] });
  addOutput(b, top, { name: "top_token", shape: [cut.batch], dtype: "int64" });
  if (gradient) {
    const slope = differentiate(cut.model, { loss, wrt: cut.residual });
    addOutput(b, slope, { name: "gradient", shape: [cut.batch, "token", cut.dModel] });
  }
  applyPasses(cut.model, [lateDequantise]);
  graph.prune();
  dropIdleInputs(graph, new Set([cut.residual, labelPosition, target]));
  return cut.model;
}

/** ln q at the label position, float32 `[batch, vocab]`; selected before norm and head where these allow it. */
function labelLogProb(b: Builder, cut: CutModel, labelPosition: Value): Value {
  const states = inSiteType(b, cut);
  const last = cut.last === cut.residual ? states : cut.last;
  const types = new TypeInference(b.graph);
  const all = dropIdleReshapes(cut.logits, types);
  const select = (value: Value): Value => selectPosition(value, labelPosition, { b, types });
  const isTokenwise = dependsOnlyThrough(all, [last]);
  if (isTokenwise) select(last);
  const row = b.op("Squeeze", [isTokenwise ? all : select(all), b.ints([1])]);
  const isFloat32 = types.dtype(cut.logits) === "float32";
  return b.op("LogSoftmax", [isFloat32 ? row : b.cast(row, "float32")], { axis: -1n });
}

/** What the model above reads: the input itself, or the input in the element type of the site. */
function inSiteType(b: Builder, { residual, siteType }: CutModel): Value {
  if (siteType === "float32") return residual;
  const uses = [...residual.uses];
  const states = b.cast(residual, siteType);
  for (const { node, index } of uses) node.replaceInput(index, states);
  return states;
}
