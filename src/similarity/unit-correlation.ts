/**
 * @file Units of two models against each other (Li et al. 2016, "Convergent Learning"): correlations within a model and
 * between models, over the same items.
 */
import { invariant } from "../errors.js";
import { matrix, transposedMultiply, type Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";
import { lessState, meanState } from "./centred.js";

/** Units brought to mean 0 and variance 1 over some items, and the map that does it. */
export interface StandardUnits {
  /** `[item, unit]`; a unit that does not vary is 0 throughout, and so correlates 0 with everything. */
  readonly units: Matrix;
  /** Units that do not vary. */
  readonly constant: readonly number[];
  /** The same shift and scale for other items. */
  readonly apply: (states: Matrix) => Matrix;
}

/** Variation below this share of a unit's size is what float32 rounding leaves. */
const ROUNDING = 1e-7;

/** Standardises the units of `states` `[item, unit]`. */
export function standardUnits(states: Matrix): StandardUnits {
  const mean = meanState(states);
  const about = lessState(states, mean);
  const [deviation, size] = [rootMeanSquares(about), rootMeanSquares(states)];
  const inverse = deviation.map((value, unit) =>
    value > ROUNDING * f64(size, unit) ? 1 / value : 0,
  );
  const apply = (given: Matrix): Matrix => {
    const out = lessState(given, mean);
    return { ...out, data: out.data.map((value, at) => value * f64(inverse, at % out.cols)) };
  };
  const constant = [...inverse.keys()].filter((unit) => inverse[unit] === 0);
  return { units: apply(states), constant, apply };
}

function rootMeanSquares({ rows, cols, data }: Matrix): Float64Array {
  const sums = new Float64Array(cols);
  data.forEach((value, at) => {
    sums[at % cols] = f64(sums, at % cols) + value ** 2;
  });
  return sums.map((sum) => Math.sqrt(sum / rows));
}

/** Pearson's r of every unit of `x` `[item, d₁]` with every unit of `y` `[item, d₂]`: `[d₁, d₂]`. */
export function unitCorrelations(x: Matrix, y: Matrix): Matrix {
  invariant(x.rows === y.rows, `units over ${x.rows} and ${y.rows} items`);
  const products = transposedMultiply(standardUnits(x).units, standardUnits(y).units);
  return matrix(
    products.rows,
    products.cols,
    products.data.map((value) => value / x.rows),
  );
}
