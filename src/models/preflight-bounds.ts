/**
 * @file How far the self-checks may be off, by the coarsest float type that the model computes in.
 *
 * Derivation: two evaluations of one network that differ only in kernels and batch shapes differ by rounding. With
 * unit roundoff u, sums of n ≈ 10³ products and a depth of m ≈ 10² operators, independent roundings add up to about
 * u·√(n·m) of the largest logit: 2⁻²⁴·316 ≈ 2·10⁻⁵ in float32. Half-precision kernels accumulate in float32, so only
 * the m roundings between operators count: 2⁻¹¹·√100 ≈ 5·10⁻³ in float16. Each bound leaves a factor of 10.
 */
import type { LocatedModel } from "./located.js";

/** Bounds of one element type. */
export interface PreflightBounds {
  /** Difference of logits that should be equal, as a share of the largest logit. */
  readonly logits: number;
  /** Total variation distance between answer distributions that should be equal, 0 to 1. */
  readonly variation: number;
  /** Relative difference between the analytic and the numeric directional derivative, at the best of `steps`. */
  readonly derivative: number;
  /**
   * Steps of the central difference, as shares of the state's norm. Its error falls like h² until rounding, which
   * grows like 1/h, takes over; where that happens depends on the model.
   */
  readonly steps: readonly number[];
}

const FLOAT32: PreflightBounds = {
  logits: 2e-4,
  variation: 2e-3,
  derivative: 1e-2,
  steps: [3e-2, 1e-2, 1e-3, 3e-4],
};

const FLOAT16: PreflightBounds = {
  logits: 5e-2,
  variation: 0.1,
  derivative: 0.2,
  steps: [0.1, 3e-2, 1e-2],
};

/**
 * Bounds for a model, by what it computes in: weights that are cast to float32 before they are used round nothing here,
 * however coarse they are themselves.
 */
export function boundsOf({ model, sites }: LocatedModel): PreflightBounds {
  const read = model.graph.initializers.filter(({ uses }) =>
    uses.some(({ node }) => node.op !== "Cast" && node.op !== "Gather"),
  );
  return [...sites, ...read].some(({ type }) => type?.dtype === "float16") ? FLOAT16 : FLOAT32;
}
