/**
 * @file Adam in the tangent space of one P.
 *
 * The second moment is one number per P, not one per coordinate: so the path does not depend on the basis a model
 * happens to use (a model and its exact rotation learn the same thing, step by step), nor on the gauge of P.
 */
import { copy, matrix, row, squaredNorm, type Matrix } from "../numeric/matrix.js";
import { axpy, scale } from "../numeric/vector.js";
import { projectToTangent, retract } from "./stiefel.js";

/** Adam's decay rates and guard against a zero second moment (Kingma and Ba 2015). */
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-12;
/**
 * Width at which the learning rate per coordinate was chosen (`.03`, the same within .02 from .003 to .1).
 * A step of Adam has about length rate · √width per row; holding it at this width makes it an angle that does
 * not grow with the model.
 */
const REFERENCE_WIDTH = 64;

/** Optimiser of one P on the Stiefel manifold. */
export interface Adam {
  /** P after one step of size `rate` against `gradient` (both `[k, d]`). */
  step(p: Matrix, gradient: Matrix, rate: number): Matrix;
}

/** A fresh optimiser for a `[k, d]` subspace. */
export function createAdam(k: number, d: number): Adam {
  let momentum = matrix(k, d);
  let second = 0;
  let t = 0;
  return {
    step(p, gradient, rate) {
      t++;
      const tangent = projectToTangent(gradient, p);
      momentum = projectToTangent(momentum, p); // carried to the tangent space of the new point
      scale(BETA1, row(momentum, 0), k * d);
      axpy(1 - BETA1, row(tangent, 0), { y: row(momentum, 0), n: k * d });
      second = BETA2 * second + (1 - BETA2) * (squaredNorm(tangent) / (k * REFERENCE_WIDTH));
      const size = rate / (1 - BETA1 ** t) / (Math.sqrt(second / (1 - BETA2 ** t)) + EPSILON);
      const step = copy(momentum);
      scale(-size, row(step, 0), k * d);
      return retract(p, step);
    },
  };
}

/** Share of the steps over which the rate rises: at a good start the first gradients are mostly noise. */
const WARM_UP = 1 / 6;

/** Learning rate of step `t` (from 0) of `steps`: a linear rise, then from `rate` to 0 along half a cosine. */
export function rateAt(rate: number, t: number, steps: number): number {
  const rise = Math.min(1, (t + 1) / Math.max(1, steps * WARM_UP));
  return rise * (rate / 2) * (1 + Math.cos((Math.PI * t) / steps));
}
