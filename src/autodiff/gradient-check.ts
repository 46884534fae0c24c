/**
 * @file Checks a gradient against central differences along random directions. Returns numbers and a verdict; prints
 * nothing. Cheap for any size: two forward passes per direction. The idea is that of autograd's `check_grads`.
 */
import { invariant } from "../errors.js";
import type { Stream } from "../stats/stream.js";

/** A function with its claimed gradient. */
export interface CheckedFunction {
  /** x → losses, any number of them, in nats or any other unit. */
  readonly forward: (x: Float64Array) => Promise<ArrayLike<number>>;
  /** x → d(sum of losses)/dx, one number per element of x. */
  readonly backward: (x: Float64Array) => Promise<ArrayLike<number>>;
}

/** Where and how to check. */
export interface GradientCheckOptions {
  readonly x: Float64Array;
  readonly rng: Stream;
  /** Step of the central difference along directions with standard normal coordinates, in units of x. */
  readonly step: number;
  /** Largest relative error that passes. Share. */
  readonly tolerance: number;
  /** How many directions. @defaultValue 3 */
  readonly directions?: number;
}

/** One direction v. */
export interface DirectionCheck {
  /** ⟨gradient, v⟩ */
  readonly analytic: number;
  /** (Σ losses(x + step v) − Σ losses(x − step v)) / (2 step) */
  readonly numeric: number;
  /**
   * |analytic − numeric| over the largest of |analytic|, |numeric| and ‖gradient‖. The norm is the typical size of a
   * derivative along a normal direction: without it a direction that happens to be level would fail by rounding alone.
   */
  readonly relativeError: number;
}

/** What was found. `not-finite` when a loss or a gradient is NaN or infinite. */
export interface GradientCheck {
  readonly verdict: "agrees" | "disagrees" | "not-finite";
  readonly directions: readonly DirectionCheck[];
  /** Largest relative error over the directions; NaN with `not-finite`. */
  readonly worst: number;
  readonly step: number;
  readonly tolerance: number;
}

/**
 * Compares the claimed gradient with central differences.
 *
 * @throws {@link InvariantError} when the gradient has not one number per element of x.
 */
export async function checkGradient(
  f: CheckedFunction,
  { x, rng, step, tolerance, directions = 3 }: GradientCheckOptions,
): Promise<GradientCheck> {
  const gradient = Float64Array.from(await f.backward(x));
  const found: DirectionCheck[] = [];
  for (let i = 0; i < directions; i++) {
    const v = Float64Array.from(x, () => rng.normal());
    const analytic = dot(gradient, v);
    const numeric = await centralDifference(f, { x, v, step });
    const size = Math.max(
      Math.abs(analytic),
      Math.abs(numeric),
      Math.sqrt(dot(gradient, gradient)),
    );
    const error = Math.abs(analytic - numeric);
    found.push({ analytic, numeric, relativeError: error === 0 ? 0 : error / size });
  }
  // Math.max passes NaN on, so one bad number shows
  const worst = Math.max(...found.map(({ relativeError }) => relativeError));
  const isFinite = Number.isFinite(worst);
  invariant(
    gradient.length === x.length,
    `a gradient of ${gradient.length} for ${x.length} inputs`,
  );
  const agrees = worst <= tolerance ? "agrees" : "disagrees";
  return { verdict: isFinite ? agrees : "not-finite", directions: found, worst, step, tolerance };
}

async function centralDifference(
  f: CheckedFunction,
  { x, v, step }: { x: Float64Array; v: Float64Array; step: number },
): Promise<number> {
  const above = await f.forward(x.map((each, i) => each + step * (v[i] ?? 0)));
  const below = await f.forward(x.map((each, i) => each - step * (v[i] ?? 0)));
  // losses are paired before they are summed: the differences are small, the sums need not be
  let change = 0;
  for (let i = 0; i < above.length; i++) change += (above[i] ?? NaN) - (below[i] ?? NaN);
  return change / (2 * step);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, each, i) => sum + each * (b[i] ?? NaN), 0);
}
