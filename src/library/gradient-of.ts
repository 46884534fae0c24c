/** @file The gradient of any ONNX graph, as an ONNX graph, for programs that want nothing else (`gradient-graph.ts`). */
import { toGradientGraph, type GradientRequest } from "../models/gradient-graph.js";
import { readSource, toOnnxGraph, type OnnxGraph, type OnnxSource } from "./onnx-graph.js";

export type { GradientRequest, LossGradient, UpstreamGradient } from "../models/gradient-graph.js";

/**
 * The gradient graph of an ONNX model: a model that computes what was asked for *and* its gradient, in one run.
 *
 * Inputs: those of the model that are still needed, then `upstream/NAME` for each of `outputs`. Outputs: the loss or the
 * outputs under their own names, then `gradient/NAME` for each of `wrt`,
 *
 *     gradient/x = Σ over outputs y of  (∂y/∂x)ᵀ · upstream/y        (with `loss`: upstream/y = 1)
 *
 * Weights are not copied: the graph points into the model's files (see {@link OnnxGraph}).
 *
 * @throws {@link ModelFormatError} when the source is no readable ONNX model; {@link PlanError} with every name that the
 * graph does not have, that is no floating-point value, or that takes no part; {@link UnsupportedOperatorError} with every
 * operator on the way that has no derivative.
 *
 * @example
 * ```ts
 * const graph = gradientOf("classifier.onnx", { outputs: ["logits"], wrt: ["pixels"] });
 * const session = await openSession(graph);
 * const { "gradient/pixels": slope } = await session.run({ pixels, "upstream/logits": chosenClass });
 * ```
 */
export function gradientOf(model: OnnxSource, request: GradientRequest): OnnxGraph {
  const source = readSource(model);
  toGradientGraph(source, request);
  return toOnnxGraph(source);
}
