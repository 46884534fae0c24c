/**
 * @file One exchange and its derivative. With donor D and keeper K (whose other coordinates stay), masks m:
 *
 *     n' = decode_t(n_K, m ∘ (z_D − z_K))
 *
 * MAS: D = source, K = target. Stitching: D = source, K = 0, so that nothing of the target stays. The rest exchanged
 * within a model: D = target, K = source: all but the blocks comes from the source.
 */
import { matrix, subtract, type Matrix } from "../../numeric/matrix.js";
import { f64 } from "../../numeric/vector.js";
import type { MapForm, MapParameters } from "../maps/map.js";

/** What is put together. */
export interface ExchangeRequest {
  readonly form: MapForm;
  /** Parameters of the donor's map. */
  readonly donor: MapParameters;
  /** Parameters of the map of the model that is patched. */
  readonly keeper: MapParameters;
  /** `[row, d of the donor]`. */
  readonly from: Matrix;
  /** `[row, d of the patched model]`. */
  readonly into: Matrix;
  /** `[k]`: share of each coordinate that is exchanged; absent where all are, whole. */
  readonly mask?: Float64Array | undefined;
}

/** Patched states and the way back of their slope. */
export interface Exchanged {
  /** `[row, d of the patched model]`, normalised. */
  readonly states: Matrix;
  /** `[row, k]`: coordinates of the donor. */
  readonly coordinates: Matrix;
  /** Adds the gradients of both maps (one object where they are one map), and returns dL/d(mask) `[k]`. */
  readonly pull: (
    slope: Matrix,
    into: { readonly donor: MapParameters; readonly keeper: MapParameters },
  ) => Float64Array;
}

/** Exchanges coordinates. */
export function exchange({ form, donor, keeper, from, into, mask }: ExchangeRequest): Exchanged {
  const given = form.encode(donor, from);
  const kept = form.encode(keeper, into);
  const difference = subtract(given.z, kept.z);
  const decoded = form.decode(keeper, into, masked(difference, mask));
  return {
    states: decoded.states,
    coordinates: given.z,
    pull: (slope, gradient) => {
      const shiftSlope = decoded.pull(slope, gradient.keeper);
      const inside = masked(shiftSlope, mask);
      given.pull(inside, gradient.donor);
      kept.pull(negated(inside), gradient.keeper);
      return columnProducts(shiftSlope, difference);
    },
  };
}

function masked(a: Matrix, mask: Float64Array | undefined): Matrix {
  if (mask === undefined) return a;
  return matrix(
    a.rows,
    a.cols,
    a.data.map((value, i) => value * f64(mask, i % a.cols)),
  );
}

function negated(a: Matrix): Matrix {
  return matrix(
    a.rows,
    a.cols,
    a.data.map((value) => -value),
  );
}

function columnProducts(a: Matrix, b: Matrix): Float64Array {
  const out = new Float64Array(a.cols);
  a.data.forEach((value, i) => {
    out[i % a.cols] = f64(out, i % a.cols) + value * f64(b.data, i);
  });
  return out;
}
