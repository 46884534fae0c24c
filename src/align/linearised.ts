/**
 * @file What a model answered at patched states, carried to states nearby without running it again: the log-odds m of the
 * label are taken as linear in the state, the loss stays what it is of them (one model call then serves many small steps,
 * as in Gauss and Newton's method):
 *
 *     m(h') = m(h) + J (h' − h),   J = −(dL/dh) / (1 − e⁻ᴸ),   L(m) = log(1 + e⁻ᵐ)
 *
 * At the states that were run, loss and gradient are exactly the model's.
 */
import { matrix, row, type Matrix } from "../numeric/matrix.js";
import { axpy, dot, f32, f64 } from "../numeric/vector.js";
import type { Backward } from "./continuation.js";

/** Answers that can be carried on. */
export interface LinearisedRows {
  /** `[row]`: m(h) − J h, so that m(h') is this and J h'. */
  readonly intercept: Float64Array;
  /** J, `[row, dModel]`. */
  readonly slope: Matrix;
}

/** Where the label has all of the probability but this, float32 has no digits of the slope left; it is nothing there. */
export const SATURATED = 1e-6;

/** Linearises answers given at `patched` `[row, dModel]`. */
export function linearise(
  { lossNats, gradient }: Pick<Backward, "lossNats" | "gradient">,
  patched: Float32Array,
): LinearisedRows {
  const n = lossNats.length;
  const d = n === 0 ? 0 : gradient.length / n;
  const slope = matrix(n, d);
  const intercept = new Float64Array(n);
  for (let r = 0; r < n; r++) {
    const loss = f32(lossNats, r);
    const rest = -Math.expm1(-loss); // 1 − p of the label
    const share = rest < SATURATED ? 0 : -1 / rest;
    let here = 0; // J h
    for (let i = r * d; i < (r + 1) * d; i++) {
      const along = share * f32(gradient, i);
      slope.data[i] = along;
      here += along * f32(patched, i);
    }
    intercept[r] = -loss - Math.log(rest) - here; // +∞ where nothing is left to gain
  }
  return { intercept, slope };
}

/**
 * Loss of row `r` at `state` (`[dModel]`, float64), nats; adds `weight` × its derivative to row `at` of `into`.
 */
export function carry(
  { intercept, slope }: LinearisedRows,
  r: number,
  parts: { state: Float64Array; weight: number; into: Matrix; at: number },
): number {
  const { state, weight, into, at } = parts;
  const d = slope.cols;
  const own = row(slope, r);
  const logOdds = f64(intercept, r) + dot(own, { data: state, offset: 0 }, d);
  // σ(−m) and log(1 + e⁻ᵐ), each in the form that does not overflow
  const small = Math.exp(-Math.abs(logOdds));
  const wrong = (logOdds > 0 ? small : 1) / (1 + small);
  axpy(-weight * wrong, own, { y: row(into, at), n: d });
  return Math.max(0, -logOdds) + Math.log1p(small);
}
