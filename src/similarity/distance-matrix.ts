/** @file Distances between the items of one model, as Gromov–Wasserstein compares them: `[item, item]`. */
import { invariant } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { assertFinite, f64, sum } from "../numeric/vector.js";
import { varies } from "./centred.js";
import { squaredDistances, type Gram } from "./kernel-matrix.js";

/** Euclidean distances between the items of `states` `[item, dModel]`; `undefined` where states do not vary. */
export function stateDistances(states: Matrix, gram?: Gram): Matrix | undefined {
  if (!varies(states)) return undefined;
  const squares = squaredDistances(states, gram);
  return { ...squares, data: squares.data.map(Math.sqrt) };
}

/**
 * `distances` over their mean, zeros of the diagonal included: without, layers differ by their scale alone.
 *
 * @throws {@link InvariantError} where all of them are 0.
 */
export function overMean(distances: Matrix): Matrix {
  const mean = sum(distances.data) / distances.data.length;
  invariant(mean > 0, "distances that are all 0 have no scale");
  return { ...distances, data: distances.data.map((value) => value / mean) };
}

/**
 * Checks what Gromov–Wasserstein is given: two symmetric matrices `[item, item]` over equally many items.
 *
 * @throws {@link InvariantError} for other matrices; {@link NumericsError} for numbers that are not finite.
 */
export function checkDistances(a: Matrix, b: Matrix): void {
  invariant(a.rows === b.rows, `Gromov–Wasserstein between ${a.rows} and ${b.rows} items`);
  for (const { rows, cols, data } of [a, b]) {
    invariant(rows === cols, `distances as [${rows}, ${cols}]`);
    assertFinite(data, "distances between items");
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < i; j++) {
        invariant(f64(data, i * rows + j) === f64(data, j * rows + i), "distances differ by side");
      }
    }
  }
}
