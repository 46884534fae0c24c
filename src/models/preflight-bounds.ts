/**
 * @file How far the self-checks may be off, by element type of the residual stream.
 *
 * Derivation: two evaluations of one network that differ only in kernels and batch shapes differ by rounding. With
 * unit roundoff u, sums of n ≈ 10³ products and a depth of m ≈ 10² operators, independent roundings add up to about
 * u·√(n·m) of the largest logit: 2⁻²⁴·316 ≈ 2·10⁻⁵ in float32. Half-precision kernels accumulate in float32, so only
 * the m roundings between operators count: 2⁻¹¹·√100 ≈ 5·10⁻³ (float16), 2⁻⁸·√100 ≈ 4·10⁻² (bfloat16). Each bound
 * leaves a factor of 10.
 */
import type { DType } from "../onnx/tensor.js";

/** Bounds of one element type. */
export interface PreflightBounds {
  /** Difference of logits that should be equal, as a share of the largest logit. */
  readonly logits: number;
  /** Total variation distance between answer distributions that should be equal, 0 to 1. */
  readonly variation: number;
  /**
   * Relative difference between the analytic and the numeric directional derivative. The central difference divides a
   * rounding of the loss by the step; at its best step the error is of order (relative rounding)^(2/3).
   */
  readonly derivative: number;
}

const FLOAT32: PreflightBounds = { logits: 2e-4, variation: 2e-3, derivative: 1e-2 };

const BOUNDS: { readonly [D in DType]?: PreflightBounds } = {
  float64: FLOAT32,
  float32: FLOAT32,
  float16: { logits: 5e-2, variation: 0.1, derivative: 0.2 },
  bfloat16: { logits: 0.4, variation: 0.3, derivative: 0.5 },
};

/** Bounds for a residual stream of this type. */
export function boundsOf(dtype: DType): PreflightBounds {
  // weights in half precision behind a float32 stream are not seen here: they are the same numbers in both evaluations
  return BOUNDS[dtype] ?? FLOAT32;
}
