/**
 * @file One unit from few units of the other model (Li et al. 2016, 3.3): a LASSO path per unit, fitted on some items
 * and scored on others. How few predictors reach the best loss says how local the shared code is.
 */
import {
  multiply,
  squaredNorm,
  subtract,
  transpose,
  matrix,
  type Matrix,
} from "../numeric/matrix.js";
import { sum } from "../numeric/vector.js";
import { lassoPath, lassoProblems, type Descent } from "./lasso.js";
import type { PairedStates } from "./procrustes.js";
import { standardUnits } from "./unit-correlation.js";

/** One strength of the penalty. */
export interface SparseLevel {
  readonly strength: number;
  /** Mean over units and test items of half the squared error, in variances of a unit: 0.5 = knows nothing. */
  readonly loss: number;
  /** Mean number of predictors in use per unit. */
  readonly predictors: number;
}

/** Strengths from strong to weak, four per decade: those of the paper. */
export const STRENGTHS: readonly number[] = Array.from({ length: 13 }, (_, i) => 10 ** (-i / 4));

/**
 * Loss and number of predictors of the units of y by those of x along `strengths`.
 *
 * @throws {@link NumericsError} where a descent does not settle.
 */
export function predictSparsely(
  { fit, test }: { readonly fit: PairedStates; readonly test: PairedStates },
  strengths: readonly number[] = STRENGTHS,
  descent?: Descent,
): readonly SparseLevel[] {
  const [x, y] = [standardUnits(fit.x), standardUnits(fit.y)];
  const [testX, testY] = [x.apply(test.x), y.apply(test.y)];
  const paths = lassoProblems(x.units, y.units).map((problem) =>
    lassoPath(problem, strengths, descent),
  );
  return strengths.map((strength, at) => {
    const weights = paths.map((path) => path[at] ?? new Float64Array(fit.x.cols));
    const found = multiply(testX, transpose(stacked(weights, fit.x.cols)));
    const used = weights.map((own) => own.filter((weight) => weight !== 0).length);
    return {
      strength,
      loss: squaredNorm(subtract(testY, found)) / (2 * testY.data.length),
      predictors: sum(used) / used.length,
    };
  });
}

/** The weakest use of predictors near the best: the greatest strength whose loss is within 5 % of the least. */
export function operatingPoint(levels: readonly SparseLevel[]): SparseLevel | undefined {
  const least = Math.min(...levels.map(({ loss }) => loss));
  return [...levels]
    .sort((a, b) => b.strength - a.strength)
    .find(({ loss }) => loss <= 1.05 * least);
}

function stacked(rows: readonly Float64Array[], cols: number): Matrix {
  const out = matrix(rows.length, cols);
  rows.forEach((row, r) => {
    out.data.set(row, r * cols);
  });
  return out;
}
