/**
 * @file Graphs that are run forward only: the capture of one prompt batch, and the whole model for checks.
 *
 * Both point into the user's weight files; nothing is copied. Both keep all inputs of the model, also those that
 * pruning left without a user, so that one feed plan serves every graph.
 */
import { invariant, present } from "../errors.js";
import { Builder } from "../onnx/builder.js";
import { copyModel } from "../onnx/copy.js";
import { lateDequantise } from "../onnx/passes/late-dequantise.js";
import { applyPasses } from "../onnx/passes/pass.js";
import type { Model, Value } from "../onnx/graph.js";
import { decompose } from "../onnx/passes/decompose/index.js";
import { TypeInference } from "../onnx/type-inference.js";
import type { LocatedModel } from "./located.js";
import { dependsOnlyThrough, dropIdleReshapes } from "./tail.js";
import { cutShape, findMeetings, type CutShape } from "./window/cuts.js";
import { cacheName, countCaches } from "./window/window.js";

/** Operator set from which the axes of every reduction are an input and no attribute. */
const AXES_AS_INPUT = 18;

/** What a capture keeps. */
export interface CaptureOptions {
  /** Layers whose residual states are kept. */
  readonly layers: readonly number[];
  /** Also the keys and values above the lowest of them, for windowed suffixes. @defaultValue false */
  readonly caches?: boolean;
}

/** Name of the output that holds the residual after block `layer`. */
export function residualName(layer: number): string {
  return `residual_${layer}`;
}

/**
 * Builds the graph that captures a batch.
 *
 * Inputs: the model's own; `label_position` int64 `[batch]`, the position whose next token is asked for; `answer_ids`
 * int64 `[answer]`. Outputs, all float32: `residual_<l>` `[batch, token, dModel]` for each wanted layer,
 * `answer_logit` `[batch, answer]`, and `log_normaliser` `[batch]`, the logsumexp of all logits, so that
 * log p(answer) = answer_logit − log_normaliser, in nats; with `caches` also `cache_<i>`, see `window/window.ts`.
 *
 * The position is selected before the final norm and the head, so the graph never holds `[batch, token, vocab]`.
 */
export function buildCapture(
  located: LocatedModel,
  { layers, caches = false }: CaptureOptions,
): Model {
  const { model, of } = copyModel(located.model);
  const { graph } = model;
  const wanted = [...new Set(layers)];
  const residuals = wanted.map((layer) => of(siteAt(located, layer)));
  const cuts = caches ? addCaches(model, of(siteAt(located, Math.min(...wanted)))) : [];
  const labelPosition = graph.addInput("label_position", { dtype: "int64", shape: ["batch"] });
  const answerIds = graph.addInput("answer_ids", { dtype: "int64", shape: ["answer"] });
  graph.outputs.length = 0;

  const b = new Builder(graph, "capture");
  const last = of(siteAt(located, located.nLayers));
  const row = labelRow(b, { logits: of(located.logits), last, labelPosition });
  wanted.forEach((layer, i) => {
    const residual = present(residuals[i], "residual");
    const shape = ["batch", "token", located.dModel];
    addOutput(b, residual, { name: residualName(layer), shape });
  });
  const answerLogit = b.op("Gather", [row, answerIds], { axis: 1n });
  addOutput(b, answerLogit, { name: "answer_logit", shape: ["batch", "answer"] });
  addOutput(b, logSumExp(b, row, model), { name: "log_normaliser", shape: ["batch"] });
  cuts.forEach(({ cut, shape: { tokenAxis, sizes } }, i) => {
    const shape = sizes.map((size, at) => (at + 1 === tokenAxis ? "token" : size));
    addOutput(b, cut, { name: cacheName(cuts.length - 1 - i), shape: ["batch", ...shape] });
  });
  applyPasses(model, [lateDequantise]);
  graph.prune();
  return model;
}

interface Cut {
  readonly cut: Value;
  readonly shape: CutShape;
}

/** The keys and values above `source`. Attention is written out, because a fused kernel does not show them. */
function addCaches(model: Model, source: Value): Cut[] {
  decompose(model);
  const types = new TypeInference(model.graph);
  return findMeetings(model.graph, source, types).map(({ cut }) => ({
    cut,
    shape: cutShape(cut, types),
  }));
}

/** Shapes of the caches that a capture graph gives, from the bottom up. */
export function cacheShapes({ graph }: Model): CutShape[] {
  const named = new Map(graph.outputs.map(({ name, type }) => [name, type?.shape ?? []]));
  const count = countCaches(new Set(named.keys()));
  return Array.from({ length: count }, (_, cut) => {
    const [, ...rest] = present(named.get(cacheName(count - 1 - cut)), "shape");
    const sizes = rest.map((dim) => (typeof dim === "number" ? dim : 0));
    return { tokenAxis: sizes.indexOf(0) + 1, sizes };
  });
}

/**
 * Builds the unmodified model with its states beside: outputs `logits` `[batch, token, vocab]` and `residual_<l>`
 * `[batch, token, dModel]` for every layer, all float32.
 */
export function buildWhole(located: LocatedModel): Model {
  const { model, of } = copyModel(located.model);
  const { graph } = model;
  graph.outputs.length = 0;
  const b = new Builder(graph, "whole");
  const { dModel, vocab } = located;
  addOutput(b, of(located.logits), { name: "logits", shape: ["batch", "token", vocab] });
  located.sites.forEach((site, layer) => {
    addOutput(b, of(site), { name: residualName(layer), shape: ["batch", "token", dModel] });
  });
  applyPasses(model, [lateDequantise]);
  graph.prune();
  return model;
}

function siteAt({ sites, nLayers }: LocatedModel, layer: number): Value {
  const site = sites[layer];
  invariant(site !== undefined, `layer ${layer} of a model with layers 0 to ${nLayers}`);
  return site;
}

interface LabelRow {
  readonly logits: Value;
  readonly last: Value;
  readonly labelPosition: Value;
}

/**
 * Logits at the label positions, float32 `[batch, vocab]`. Where norm and head treat every token alike they see
 * `[batch, 1, dModel]` only; otherwise the position is selected from the logits.
 */
function labelRow(b: Builder, { logits, last, labelPosition }: LabelRow): Value {
  const head = dropIdleReshapes(logits, new TypeInference(b.graph));
  const indices = b.op("Unsqueeze", [labelPosition, b.ints([1, 2])]);
  const select = (value: Value): Value => {
    const uses = [...value.uses];
    const selected = b.op("GatherND", [value, indices], { batch_dims: 1n });
    for (const { node, index } of uses) node.replaceInput(index, selected);
    return selected;
  };
  const isTokenwise = dependsOnlyThrough(head, [last]);
  if (isTokenwise) select(last);
  const chosen = isTokenwise ? head : select(head);
  const isFloat32 = logits.type?.dtype === "float32";
  return b.op("Squeeze", [isFloat32 ? chosen : b.cast(chosen, "float32"), b.ints([1])]);
}

function logSumExp(b: Builder, row: Value, { opsets }: Model): Value {
  const byInput = (opsets.get("") ?? AXES_AS_INPUT) >= AXES_AS_INPUT;
  return byInput
    ? b.op("ReduceLogSumExp", [row, b.ints([-1])], { keepdims: 0n })
    : b.op("ReduceLogSumExp", [row], { axes: [-1n], keepdims: 0n });
}

/** Declares a float32 output under a name of our own; a value of another type is cast. */
function addOutput(
  b: Builder,
  value: Value,
  { name, shape }: { readonly name: string; readonly shape: readonly (string | number)[] },
): void {
  // Identity, where no cast is needed: the value itself keeps its name, and may be an input or wanted twice
  const output =
    value.type?.dtype === "float32" ? b.op("Identity", [value]) : b.cast(value, "float32");
  const known = b.graph.find(name);
  if (known !== undefined) b.graph.rename(known, b.graph.freshName(`${name}/own`));
  b.graph.rename(output, name);
  output.type = { dtype: "float32", shape };
  b.graph.outputs.push(output);
}
