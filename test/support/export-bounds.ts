/**
 * @file How far an export may be from its PyTorch reference, written once.
 *
 * A deviation is a share of the largest magnitude. float32 files: the references agree with ONNX Runtime to 4e-5 at
 * worst, and gradients sum about ten times as many terms.
 *
 * Half-precision files are computed in float32, so that all that differs from the float32 reference is the rounding of
 * the weights, by at most u of each (2⁻¹¹ in float16, 2⁻⁸ in bfloat16). The way from the embedding to the logits passes
 * m = 7 · blocks + 3 weights (seven of a block, embedding, norm, head), whose roundings are independent: together
 * about u·√m/√3 of the typical number. The largest of some thousand numbers is off by 4 such errors while the largest
 * magnitude is 3 typical ones, and a norm or softmax in between passes an error on up to doubled: 8/√27·u·√m ≈ 2u√m,
 * rounded up. A gradient passes every weight twice, on the way forward and back: √(2m).
 *
 * Quantised files have references of their own, with the dequantised weights: float32 bounds, or those of the half
 * precision of their scales and of what is not quantised.
 */
import type { LocatedModel } from "../../src/models/located.js";

/** Largest deviations that pass. */
export interface Bounds {
  readonly forward: number;
  readonly gradients: number;
}

const FLOAT32: Bounds = { forward: 1e-4, gradients: 1e-3 };

/** Unit roundoffs, coarsest first. */
const ROUNDOFFS = [
  ["bfloat16", 2 ** -8],
  ["float16", 2 ** -11],
] as const;

const WEIGHTS_PER_BLOCK = 7;
const WEIGHTS_BESIDE = 3;

/** Bounds by the coarsest type among the weights. */
export function boundsOfExport({ model, nLayers }: LocatedModel): Bounds {
  const types = new Set(model.graph.initializers.map(({ initializer }) => initializer?.dtype));
  const found = ROUNDOFFS.find(([dtype]) => types.has(dtype));
  if (found === undefined) return FLOAT32;
  const [, u] = found;
  const m = WEIGHTS_PER_BLOCK * nLayers + WEIGHTS_BESIDE;
  return { forward: 2 * u * Math.sqrt(m), gradients: 2 * u * Math.sqrt(2 * m) };
}
