/**
 * @file A model cut in two at a residual site: `suffix(prefix(tokens))` is the model.
 */
import { PlanError } from "../errors.js";
import type { LocatedModel } from "../models/located.js";
import { extract } from "../onnx/extract.js";
import type { Value } from "../onnx/graph.js";
import { toOnnxGraph, type OnnxGraph } from "./onnx-graph.js";
import { locatedOf, type SitedModel } from "./sited-model.js";

/** The two halves of a model. Both point into its weight files. */
export interface SplitModel {
  /** From the model's inputs to `residual` `[batch, token, dModel]`. */
  readonly prefix: OnnxGraph;
  /**
   * From `residual` `[batch, token, dModel]`, and those of the model's inputs that are still read (a mask, positions), to
   * `logits` `[batch, token, vocab]`.
   */
  readonly suffix: OnnxGraph;
}

/** Name of the state where a model is cut, in both halves. */
const RESIDUAL = "residual";
/** Name of the suffix's output. */
const LOGITS = "logits";

/**
 * Cuts a model at the residual stream of `layer` (0: the embedding output; l: after block l).
 *
 * @throws {@link PlanError} for a layer that the model does not have; {@link ModelFormatError} when the logits do not
 * depend on the site.
 *
 * @example
 * ```ts
 * const model = await locateSites("base/");
 * const { prefix, suffix } = splitAt(model, 3);
 * const slope = gradientOf(suffix, { outputs: ["logits"], wrt: ["residual"] });
 * ```
 */
export function splitAt(model: SitedModel, layer: number): SplitModel {
  const located = locatedOf(model);
  const site = siteAt(located, layer);
  const type = site.type ?? { dtype: "float32" as const };
  const below = extract(located.model, { inputs: [], outputs: [site] });
  const above = extract(located.model, {
    inputs: [{ value: site, name: RESIDUAL, type }],
    outputs: [located.logits],
  });
  name(below.map.get(site), RESIDUAL);
  name(above.map.get(located.logits), LOGITS);
  return { prefix: toOnnxGraph(below.model), suffix: toOnnxGraph(above.model) };
}

function siteAt({ sites, nLayers }: LocatedModel, layer: number): Value {
  const site = Number.isInteger(layer) ? sites[layer] : undefined;
  if (site !== undefined) return site;
  throw new PlanError("the model has no such layer", {
    code: "NO_SUCH_LAYER",
    expected: `a layer from 0 (the embedding output) to ${nLayers} (after the last block)`,
    found: String(layer),
  });
}

/** Gives an output its name; a value of the model that has it gets another. */
function name(value: Value | undefined, wanted: string): void {
  if (value === undefined || value.name === wanted) return;
  const { graph } = value;
  const holder = graph.find(wanted);
  if (holder !== undefined) graph.rename(holder, graph.freshName(`model/${wanted}`));
  graph.rename(value, wanted);
}
