/** @file Centred states: what all correlative measures start from, and whether there is anything to compare. */
import { copy, matrix, row, squaredNorm, type Matrix } from "../numeric/matrix.js";
import { axpy } from "../numeric/vector.js";

/** Variation below this share of the norm is what float32 rounding leaves of states that are equal. */
const ROUNDING = 1e-7;

/** Mean row of `states` `[item, dModel]`: `[1, dModel]`. */
export function meanState(states: Matrix): Matrix {
  const mean = matrix(1, states.cols);
  for (let item = 0; item < states.rows; item++) {
    axpy(1 / states.rows, row(states, item), { y: row(mean, 0), n: states.cols });
  }
  return mean;
}

/** `states` `[item, dModel]` less one row `[1, dModel]`, as a copy. */
export function lessState(states: Matrix, mean: Matrix): Matrix {
  const out = copy(states);
  for (let item = 0; item < out.rows; item++) {
    axpy(-1, row(mean, 0), { y: row(out, item), n: out.cols });
  }
  return out;
}

/** `states` `[item, dModel]` about their own mean. */
export function centred(states: Matrix): Matrix {
  return lessState(states, meanState(states));
}

/** Whether `states` differ from each other by more than rounding explains. */
export function varies(states: Matrix): boolean {
  return squaredNorm(centred(states)) > ROUNDING ** 2 * squaredNorm(states);
}
