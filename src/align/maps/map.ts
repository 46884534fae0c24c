/**
 * @file The contract of an alignment map: an invertible change of coordinates of one model's states, of which the first k
 * coordinates are exchanged (MAS, arXiv 2501.06164, section 3; an alignment function in Geiger et al. 2024, arXiv 2303.02536).
 *
 * Of a linear map W only k rows of it (the encoder A) and k rows of its inverse (the decoder B, `A Bᵀ = I`) are ever
 * used; nothing here is of order d × d.
 */
import { present } from "../../errors.js";
import { row, type Matrix } from "../../numeric/matrix.js";
import { axpy } from "../../numeric/vector.js";
import type { Stream } from "../../stats/stream.js";

/** Parameters of one model's map, by name. Gradients have the same names and shapes. */
export type MapParameters = Readonly<Record<string, Matrix>>;

/** States in the coordinates of a map. */
export interface Encoded {
  /** `[row, k]`. */
  readonly z: Matrix;
  /** Adds what a slope dL/dz `[row, k]` means for the parameters to `into`. */
  pull(slope: Matrix, into: MapParameters): void;
}

/** States after their coordinates were moved. */
export interface Decoded {
  /** `[row, d]`. */
  readonly states: Matrix;
  /** dL/d(shift) `[row, k]` from a slope dL/d(states) `[row, d]`; adds what it means for the parameters to `into`. */
  pull(slope: Matrix, into: MapParameters): Matrix;
}

/** A family of maps. States are in normalised coordinates throughout. */
export interface MapForm {
  readonly name: string;
  /** What it allows beyond a rotation, in one sentence. */
  readonly allows: string;
  /** Names of the parameters whose rows stay orthonormal; the others are free. */
  readonly orthonormal: readonly string[];
  /** Parameters at which the map is the rotation that begins with `subspace` `[k, d]` (orthonormal rows). */
  start(subspace: Matrix, random: Stream): MapParameters;
  /** The first k coordinates of `states` `[row, d]`. */
  encode(parameters: MapParameters, states: Matrix): Encoded;
  /** `states` `[row, d]` with their first k coordinates moved by `shift` `[row, k]` and all others as they were. */
  decode(parameters: MapParameters, states: Matrix, shift: Matrix): Decoded;
  /**
   * Parameters that keep the form's own constraint, after a free step.
   *
   * @throws {@link NumericsError} where there are none.
   */
  settle(parameters: MapParameters): MapParameters;
  /** Directions in which states are moved, `[k, d]`, not orthonormal; absent where they depend on the state. */
  moves?(parameters: MapParameters): Matrix;
}

/** Gradients of zero for `parameters`. */
export function zeroLike(parameters: MapParameters): MapParameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { rows, cols }]) => [
      name,
      { rows, cols, data: new Float64Array(rows * cols) },
    ]),
  );
}

/** A parameter or gradient by its name. */
export function parameter(of: MapParameters, name: string): Matrix {
  return present(of[name], `parameter ${name} of a map`);
}

/** `into += factor · a`. */
export function addTo(into: Matrix, a: Matrix, factor = 1): void {
  axpy(factor, row(a, 0), { y: row(into, 0), n: a.data.length });
}
