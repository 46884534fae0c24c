/**
 * @file The counterfactual latent (CL) loss: how far a patched state lies from the mean of the target's natural states
 * that hold the same variables (MAS, arXiv 2501.06164; the mean, as in arXiv 2511.04638). In normalised coordinates:
 *
 *     L = ½ (1 − cos(n', c)) + ½ mean over coordinates of (n' − c)²
 *
 * It needs no gradient of the model, so that a model that may only be recorded can still be a target.
 */
import { matrix, row, type Matrix } from "../../numeric/matrix.js";
import { dot, f64 } from "../../numeric/vector.js";

/** Losses `[row]` (0 where a row has no counterfactual latent) and their slopes dL/dn' `[row, d]`. */
export interface LatentLoss {
  readonly loss: Float64Array;
  readonly slope: Matrix;
  /** Rows that have a counterfactual latent. */
  readonly n: number;
}

/** CL loss of `states` `[row, d]` against `natural` `[row, d]`, for the rows where `hasNatural` is 1. */
export function latentLoss(states: Matrix, natural: Matrix, hasNatural: Uint8Array): LatentLoss {
  const d = states.cols;
  const slope = matrix(states.rows, d);
  let n = 0;
  const loss = Float64Array.from({ length: states.rows }, (_, r) => {
    if (hasNatural[r] !== 1) return 0;
    n++;
    const [own, goal] = [row(states, r), row(natural, r)];
    const [size, goalSize] = [Math.sqrt(dot(own, own, d)), Math.sqrt(dot(goal, goal, d))];
    // a vector of length 0 has no direction: only its distance counts
    const lengths = size * goalSize;
    const cosine = lengths > 0 ? dot(own, goal, d) / lengths : 1;
    let square = 0;
    for (let c = 0; c < d; c++) {
      const [x, y] = [f64(states.data, r * d + c), f64(natural.data, r * d + c)];
      square += (x - y) ** 2;
      const turn = lengths > 0 ? (cosine * x) / size ** 2 - y / lengths : 0;
      slope.data[r * d + c] = (x - y) / d + turn / 2;
    }
    return (1 - cosine) / 2 + square / (2 * d);
  });
  return { loss, slope, n };
}
