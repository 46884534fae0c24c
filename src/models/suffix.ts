/**
 * @file The suffix of a model: everything above one residual site, as a small graph of its own that points into the
 * weights of the model.
 *
 * Definition. With z the logits at the label position and A the answer tokens:
 *
 *   log p(class) = logsumexp over the class's tokens of z − logsumexp over A of z
 *
 * the log-probability of the class given that the answer is one of A. It is exact without the logits of other tokens:
 * the softmax normaliser over the vocabulary cancels.
 */
import { differentiate } from "../autodiff/differentiate.js";
import { invariant, present } from "../errors.js";
import { Builder } from "../onnx/builder.js";
import { extract } from "../onnx/extract.js";
import { decompose } from "../onnx/passes/decompose/index.js";
import { fuseRotation } from "../onnx/passes/fuse-rotation.js";
import { lateDequantise } from "../onnx/passes/late-dequantise.js";
import { applyPasses } from "../onnx/passes/pass.js";
import { unitAxes } from "../onnx/passes/unit-axes.js";
import type { Dim, Model, Value } from "../onnx/graph.js";
import { type DType } from "../onnx/tensor.js";
import { TypeInference } from "../onnx/type-inference.js";
import { answerLogits } from "./answer-head.js";
import { labelRows, type RowUse } from "./label-rows.js";
import type { LocatedModel } from "./located.js";
import { windowSuffix } from "./window/window.js";
import { dependsOnlyThrough, dropIdleInputs, dropIdleReshapes, positionMask } from "./tail.js";

/** Mask of tokens that do not answer for a class: e^(−1e30) is exactly 0 in every float type, and no NaN arises as with −∞. */
export const OUTSIDE_CLASS = -1e30;

/** What the suffix should compute. */
export interface SuffixOptions {
  /** Also the losses and their gradient. */
  readonly gradient: boolean;
  /** Which tokens are run. @defaultValue "whole" */
  readonly tokens?: SuffixTokens;
  /** With operators of the runtime that take the place of several: for the CPU. @defaultValue false */
  readonly fused?: boolean;
}

/**
 * Which tokens a suffix runs: the whole prompt; from the patched one to the last (`window/window.ts`); the last one, where
 * it is the patched one.
 */
export type SuffixTokens = "whole" | "window" | "single";

/**
 * Builds the suffix of a located model from site `layer` upwards (0: the embedding output, nLayers: norm and head only).
 *
 * Inputs, beside those of the model that are still needed:
 * - `residual` float32 `[batch, token, dModel]`: the states at the site
 * - `patched` float32 `[batch, dModel]`, put in at `patch_position` int64 `[batch]`
 * - `label_position` int64 `[batch]`: whose next token is the answer; where single tokens are run, `patched` is all that
 *   there is, and neither states nor positions are asked for
 * - `answer_ids` int64 `[answer]`, `answer_log_mask` float32 `[class, answer]`: 0 where the token answers for the class,
 *   −1e30 elsewhere
 * - `label` int64 `[batch]`, a class; with `gradient` only
 *
 * Outputs: `class_log_prob` float32 `[batch, class]`, nats; with `gradient` also `loss_nats` float32 `[batch]` (− log p of
 * the label) and `gradient` float32 `[batch, dModel]`, d(sum of losses)/d(patched).
 *
 * @throws {@link UnsupportedOperatorError} when an operator above the site has no derivative rule.
 * @throws {@link ModelFormatError} when the logits do not depend on the site.
 */
export function buildSuffix(
  located: LocatedModel,
  layer: number,
  { gradient, tokens = "whole", fused = false }: SuffixOptions,
): Model {
  const cut = cutAt(located, layer);
  const single = tokens === "single";
  if (tokens !== "whole") {
    const pastInputs = new Set(located.feeds.past.map(({ name }) => name));
    windowSuffix({ graph: cut.model.graph, residual: cut.residual, pastInputs, single });
  }
  const { graph } = cut.model;
  const b = new Builder(graph, "suffix");
  const inputs = addInputs(cut, gradient);
  const patched = patch(b, cut, { ...inputs, single });
  const last = cut.last === cut.residual ? patched : cut.last;
  const { vocab } = located;
  const logits = labelLogits(b, { ...inputs, single, vocab, logits: cut.logits, last });
  const classLogProb = addClassLogProb(b, cut.model, { ...inputs, logits });
  graph.outputs.splice(0, Infinity);
  addOutput(b, classLogProb, { name: "class_log_prob", shape: [cut.batch, "class"] });
  if (single) applyPasses(cut.model, [unitAxes]);
  if (fused) applyPasses(cut.model, [fuseRotation]);
  if (gradient) addGradient(b, cut, { ...inputs, classLogProb });
  applyPasses(cut.model, [lateDequantise]);
  graph.prune();
  const declared: readonly Value[] = single ? [] : [cut.residual, ...Object.values({ ...inputs })];
  dropIdleInputs(graph, new Set(declared));
  return cut.model;
}

/** A model from one site upwards; `last` and `logits` are values of it. */
export interface CutModel {
  readonly model: Model;
  readonly residual: Value;
  readonly last: Value;
  readonly logits: Value;
  readonly siteType: DType;
  readonly batch: Dim;
  readonly dModel: number;
}

/** Cuts a copy of the model at site `layer`, in primitive operators; its only outputs are the last site and the logits. */
export function cutAt(
  { model, sites, nLayers, logits, dModel }: LocatedModel,
  layer: number,
): CutModel {
  const site = sites[layer];
  invariant(site !== undefined, `layer ${layer} of a model with layers 0 to ${nLayers}`);
  const types = new TypeInference(model.graph);
  // all sites have one shape; the first one's is inferred best, with the names that the model's inputs give it
  const [batch = "batch", token = "token"] = types.shape(present(sites[0], "first site")) ?? [];
  const last = present(sites[nLayers], "last site");
  const { model: cutModel, map } = extract(model, {
    inputs: [
      { value: site, name: "residual", type: { dtype: "float32", shape: [batch, token, dModel] } },
    ],
    outputs: [last, logits],
  });
  // a gradient needs primitive operators; the forward-only suffix takes them too, so that both are one function
  decompose(cutModel);
  const [lastCopy, logitsCopy] = cutModel.graph.outputs;
  return {
    model: cutModel,
    residual: present(map.get(site), `copy of "${site.name}"`),
    last: present(lastCopy, "last site"),
    logits: present(logitsCopy, "logits"),
    siteType: types.dtype(site),
    batch,
    dModel,
  };
}

interface SuffixInputs {
  readonly patched: Value;
  readonly patchPosition: Value;
  readonly labelPosition: Value;
  readonly answerIds: Value;
  readonly answerLogMask: Value;
  readonly label?: Value;
}

function addInputs({ model: { graph }, batch, dModel }: CutModel, gradient: boolean): SuffixInputs {
  const add = (name: string, dtype: DType, shape: readonly Dim[]): Value =>
    graph.addInput(name, { dtype, shape });
  return {
    patched: add("patched", "float32", [batch, dModel]),
    patchPosition: add("patch_position", "int64", [batch]),
    labelPosition: add("label_position", "int64", [batch]),
    answerIds: add("answer_ids", "int64", ["answer"]),
    answerLogMask: add("answer_log_mask", "float32", ["class", "answer"]),
    ...(gradient ? { label: add("label", "int64", [batch]) } : {}),
  };
}

/** Puts `patched` into the residual, of which a single token is all; everything above the site reads the result. */
function patch(
  b: Builder,
  { residual, siteType }: CutModel,
  { patched, patchPosition, single }: SuffixInputs & { readonly single: boolean },
): Value {
  const uses = [...residual.uses];
  const row = b.op("Unsqueeze", [patched, b.ints([1])]);
  const whole = single
    ? row
    : b.op("Where", [positionMask(b, patchPosition, residual), row, residual]);
  const result = siteType === "float32" ? whole : b.cast(whole, siteType);
  for (const { node, index } of uses) node.replaceInput(index, result);
  return result;
}

/**
 * Logits of the answer tokens at the label position, float32 `[batch, 1, answer]`. The position is selected before norm
 * and head where these treat all tokens alike, and in the last block right after its attention (`label-rows.ts`), so that
 * all this runs on one token; else from what they make.
 */
function labelLogits(
  b: Builder,
  {
    last,
    logits,
    vocab,
    single,
    ...inputs
  }: SuffixInputs & {
    readonly last: Value;
    readonly logits: Value;
    readonly vocab: number;
    /** The only token is the one that is asked. */
    readonly single: boolean;
  },
): Value {
  const types = new TypeInference(b.graph);
  const head = { b, types, answerIds: inputs.answerIds, vocab, like: last };
  const all = answerLogits({ ...head, logits: dropIdleReshapes(logits, types) });
  const select = (value: Value, uses: RowUse["uses"] = value.uses): Value =>
    single ? value : selectPosition(value, inputs.labelPosition, { b, types, uses: [...uses] });
  const isTokenwise = dependsOnlyThrough(all, [last, inputs.answerIds]);
  if (isTokenwise) for (const { value, uses } of labelRows(last, types)) select(value, uses);
  const chosen = isTokenwise ? all : select(all);
  return types.dtype(logits) === "float32" ? chosen : b.cast(chosen, "float32");
}

/** One token of each row, `[batch, 1, …]`, in place of all. */
export function selectPosition(
  value: Value,
  position: Value,
  {
    b,
    types,
    uses = [...value.uses],
  }: {
    readonly b: Builder;
    readonly types: TypeInference;
    /** Who reads the one token instead. @defaultValue whatever reads `value` */
    readonly uses?: readonly Value["uses"][number][];
  },
): Value {
  const mask = positionMask(b, position, value);
  const zero = b.cast(b.float(0), types.dtype(value));
  // a Where, not a product: positions of padding may hold anything
  const kept = b.op("Where", [mask, value, zero]);
  const selected = b.op("ReduceSum", [kept, b.ints([1])], { keepdims: 1n });
  for (const { node, index } of uses) node.replaceInput(index, selected);
  return selected;
}

/** log p of each class within the answer set. `[batch, class]` */
function addClassLogProb(
  b: Builder,
  model: Model,
  { logits, answerLogMask }: { readonly logits: Value; readonly answerLogMask: Value },
): Value {
  const byClass = b.op("Add", [logits, answerLogMask]);
  return b.op("Sub", [logSumExp(b, byClass, model), logSumExp(b, logits, model)]);
}

/** ln Σ exp over the last axis. The operator takes its axes as an input only from opset 18 on. */
function logSumExp(b: Builder, x: Value, { opsets }: Model): Value {
  return (opsets.get("") ?? 0) >= 18
    ? b.op("ReduceLogSumExp", [x, b.ints([-1])], { keepdims: 0n })
    : b.op("ReduceLogSumExp", [x], { axes: [-1n], keepdims: 0n });
}

function addGradient(
  b: Builder,
  { model, batch, dModel }: CutModel,
  { patched, label, classLogProb }: SuffixInputs & { readonly classLogProb: Value },
): void {
  // the runtime refuses a label that is no class; a mask would make it a loss of 0
  const column = b.op("Unsqueeze", [present(label, "label"), b.ints([1])]);
  const chosen = b.op("GatherElements", [classLogProb, column], { axis: 1n });
  const loss = b.op("Neg", [b.op("Squeeze", [chosen, b.ints([1])])]);
  const slope = differentiate(model, { loss, wrt: patched });
  addOutput(b, loss, { name: "loss_nats", shape: [batch] });
  addOutput(b, slope, { name: "gradient", shape: [batch, dModel] });
}

/** Declares an output under a name of ours; a value of the model that has it gets another. */
export function addOutput(
  { graph }: Builder,
  value: Value,
  {
    name,
    shape,
    dtype = "float32",
  }: { readonly name: string; readonly shape: readonly Dim[]; readonly dtype?: DType },
): void {
  const holder = graph.find(name);
  if (holder !== undefined) graph.rename(holder, graph.freshName(`model/${name}`));
  graph.rename(value, name);
  value.type = { dtype, shape };
  graph.outputs.push(value);
}
