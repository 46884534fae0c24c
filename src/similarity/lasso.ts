/**
 * @file Sparse prediction of one unit from many (LASSO) by coordinate descent on the Gram matrix (Friedman et al. 2010):
 * `min_w ‖y − X w‖² / (2 n) + strength ‖w‖₁`.
 */
import { NumericsError } from "../errors.js";
import { multiplyTransposed, transpose, type Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";

/** A prediction problem in its inner products; columns are not centred or scaled here. */
export interface LassoProblem {
  /** `XᵀX / n`, `[d, d]`. */
  readonly covariance: Matrix;
  /** `Xᵀy / n`, `[d]`. */
  readonly withTarget: Float64Array;
}

/** When a descent ends. */
export interface Descent {
  /** Largest change of a weight in a sweep, as a share of the largest weight. */
  readonly tolerance: number;
  readonly mostSweeps: number;
}

const EXACT: Descent = { tolerance: 1e-12, mostSweeps: 100_000 };

/** The problems of predicting each column of `y` `[item, m]` from the columns of `x` `[item, d]`. */
export function lassoProblems(x: Matrix, y: Matrix): readonly LassoProblem[] {
  const [xt, yt] = [transpose(x), transpose(y)];
  const covariance = shared(multiplyTransposed(xt, xt), 1 / x.rows);
  const cross = shared(multiplyTransposed(yt, xt), 1 / x.rows); // [m, d]
  return Array.from({ length: y.cols }, (_, j) => ({
    covariance,
    withTarget: cross.data.slice(j * x.cols, (j + 1) * x.cols),
  }));
}

function shared(a: Matrix, factor: number): Matrix {
  return { ...a, data: a.data.map((value) => factor * value) };
}

/** Smallest strength at which all weights are 0. */
export function strongest({ withTarget }: LassoProblem): number {
  return withTarget.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/**
 * Weights `[d]` at one strength, from `start` (the weights at a neighbouring strength: a path is cheap that way).
 *
 * @throws {@link NumericsError} where the descent does not settle.
 */
export function lasso(
  problem: LassoProblem,
  strength: number,
  { start, descent = EXACT }: { readonly start?: Float64Array; readonly descent?: Descent } = {},
): Float64Array {
  const d = problem.withTarget.length;
  const weights = start === undefined ? new Float64Array(d) : start.slice();
  const gradient = residualProducts(problem, weights);
  const { tolerance, mostSweeps } = descent;
  const work = { problem, strength, weights, gradient, tolerance };
  for (let sweeps = 0; sweeps < mostSweeps; sweeps++) {
    // all weights once, then only those in use until they rest
    if (sweepAll(work, () => true)) return weights;
    for (; sweeps < mostSweeps; sweeps++) {
      const inUse = (j: number): boolean => f64(weights, j) !== 0;
      if (sweepAll(work, inUse)) break;
    }
  }
  throw new NumericsError(`sparse prediction did not settle in ${mostSweeps} sweeps`, {
    code: "LASSO_NOT_SETTLED",
    expected: `changes below ${tolerance} of the largest weight`,
    found: `strength ${strength}, ${d} predictors`,
    hint: "choose a larger strength, or fewer predictors than items",
  });
}

/** Weights along `strengths`, in the order given: best from strong to weak. */
export function lassoPath(
  problem: LassoProblem,
  strengths: readonly number[],
  descent?: Descent,
): readonly Float64Array[] {
  let last: Float64Array | undefined;
  return strengths.map(
    (strength) =>
      (last = lasso(problem, strength, {
        ...(last && { start: last }),
        ...(descent && { descent }),
      })),
  );
}

/** `Xᵀ(y − X w) / n`. */
function residualProducts({ covariance, withTarget }: LassoProblem, w: Float64Array): Float64Array {
  const out = withTarget.slice();
  w.forEach((weight, j) => {
    if (weight !== 0) subtractColumn(out, covariance, { j, change: weight });
  });
  return out;
}

/** One sweep over the weights that `isIn`; whether all of them stayed where they were. */
function sweepAll(
  {
    problem: { covariance },
    strength,
    weights,
    gradient,
    tolerance,
  }: {
    readonly problem: LassoProblem;
    readonly strength: number;
    readonly weights: Float64Array;
    readonly gradient: Float64Array;
    readonly tolerance: number;
  },
  isIn: (j: number) => boolean,
): boolean {
  let [largest, moved] = [0, 0];
  for (let j = 0; j < weights.length; j++) {
    if (!isIn(j)) continue;
    const curvature = f64(covariance.data, j * covariance.cols + j);
    if (curvature === 0) continue; // a predictor that is always 0 has no weight
    const old = f64(weights, j);
    const fresh = shrink(f64(gradient, j) + curvature * old, strength) / curvature;
    largest = Math.max(largest, Math.abs(fresh));
    if (fresh === old) continue;
    moved = Math.max(moved, Math.abs(fresh - old));
    weights[j] = fresh;
    subtractColumn(gradient, covariance, { j, change: fresh - old });
  }
  return moved <= tolerance * largest;
}

/** Towards 0 by `amount`, and not past it. */
function shrink(value: number, amount: number): number {
  return Math.sign(value) * Math.max(0, Math.abs(value) - amount);
}

/** `gradient −= change × column j`; the matrix is symmetric, so its row is read. */
function subtractColumn(
  gradient: Float64Array,
  { cols, data }: Matrix,
  { j, change }: { readonly j: number; readonly change: number },
): void {
  const at = j * cols;
  for (let c = 0; c < cols; c++) gradient[c] = f64(gradient, c) - change * f64(data, at + c);
}
