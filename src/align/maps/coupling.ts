/**
 * @file A map that is not linear: additive coupling layers, then a rotation (Dinh et al. 2015, NICE). Each layer adds
 * a small network of one half of the coordinates to the other half, so that its inverse subtracts the same.
 */
import {
  copy,
  matrix,
  multiply,
  multiplyTransposed,
  transposedMultiply,
  type Matrix,
} from "../../numeric/matrix.js";
import { f64 } from "../../numeric/vector.js";
import type { Stream } from "../../stats/stream.js";
import { addTo, parameter, type MapForm, type MapParameters } from "./map.js";

/** Coupling layers; with three each half has been changed by a changed one. */
const LAYERS = 3;

/** Columns `[first, last)` that a layer reads, and those that it moves: the halves in turn. */
function halves(d: number, layer: number): { readonly reads: Range; readonly moves: Range } {
  const middle = Math.floor(d / 2);
  const [left, right]: readonly [Range, Range] = [
    [0, middle],
    [middle, d],
  ];
  return layer % 2 === 0 ? { reads: left, moves: right } : { reads: right, moves: left };
}

type Range = readonly [first: number, last: number];

function columns(a: Matrix, [first, last]: Range): Matrix {
  const out = matrix(a.rows, last - first);
  for (let r = 0; r < a.rows; r++) {
    out.data.set(a.data.subarray(r * a.cols + first, r * a.cols + last), r * out.cols);
  }
  return out;
}

/** `into[:, range] += factor · a`. */
function addColumns(into: Matrix, [first]: Range, a: Matrix, factor = 1): void {
  for (let r = 0; r < a.rows; r++) {
    for (let c = 0; c < a.cols; c++) {
      const at = r * into.cols + first + c;
      into.data[at] = f64(into.data, at) + factor * f64(a.data, r * a.cols + c);
    }
  }
}

function sumOfRows(a: Matrix): Matrix {
  const out = matrix(1, a.cols);
  a.data.forEach((value, i) => {
    out.data[i % a.cols] = f64(out.data, i % a.cols) + value;
  });
  return out;
}

function plusRow(a: Matrix, b: Matrix): Matrix {
  return matrix(
    a.rows,
    a.cols,
    a.data.map((value, i) => value + f64(b.data, i % a.cols)),
  );
}

/** States after the layers, or before them, and the way back of a slope. */
interface Coupled {
  readonly states: Matrix;
  readonly pull: (slope: Matrix, into: MapParameters) => Matrix;
}

/** `"forward"` through all layers, or back through their inverses. */
function couple(parameters: MapParameters, from: Matrix, way: "forward" | "back"): Coupled {
  const sign = way === "forward" ? 1 : -1;
  const order = [...Array(LAYERS).keys()];
  if (way === "back") order.reverse();
  const states = copy(from);
  const pulls = order.map((layer) => {
    const { reads, moves } = halves(from.cols, layer);
    const read = columns(states, reads);
    const weight = (name: string): Matrix => parameter(parameters, `${name}${layer}`);
    const [w1, b1, w2, b2] = [weight("w1"), weight("b1"), weight("w2"), weight("b2")];
    const before = plusRow(multiplyTransposed(read, w1), b1);
    const hidden = matrix(before.rows, before.cols, before.data.map(Math.tanh));
    addColumns(states, moves, plusRow(multiplyTransposed(hidden, w2), b2), sign);
    return (slope: Matrix, into: MapParameters): void => {
      const moved = columns(slope, moves);
      const out = matrix(
        moved.rows,
        moved.cols,
        moved.data.map((value) => sign * value),
      );
      addTo(parameter(into, `w2${layer}`), transposedMultiply(out, hidden));
      addTo(parameter(into, `b2${layer}`), sumOfRows(out));
      const inside = multiply(out, w2);
      const through = matrix(
        inside.rows,
        inside.cols,
        inside.data.map((value, i) => value * (1 - f64(hidden.data, i) ** 2)),
      );
      addTo(parameter(into, `w1${layer}`), transposedMultiply(through, read));
      addTo(parameter(into, `b1${layer}`), sumOfRows(through));
      addColumns(slope, reads, multiply(through, w1));
    };
  });
  return {
    states,
    pull: (slope, into) => {
      const back = copy(slope);
      for (const pull of [...pulls].reverse()) pull(back, into);
      return back;
    },
  };
}

function startLayer(d: number, layer: number, random: Stream): Readonly<Record<string, Matrix>> {
  const { reads, moves } = halves(d, layer);
  const [inside, outside] = [reads[1] - reads[0], moves[1] - moves[0]];
  const weights = matrix(
    inside,
    inside,
    Float64Array.from({ length: inside * inside }, () => random.normal() / Math.sqrt(inside)),
  );
  // with an outer matrix of zeros all layers together change nothing
  return {
    [`w1${layer}`]: weights,
    [`b1${layer}`]: matrix(1, inside),
    [`w2${layer}`]: matrix(outside, inside),
    [`b2${layer}`]: matrix(1, outside),
  };
}

/** Coupling layers and a rotation. */
export const COUPLING_FORM: MapForm = {
  name: "coupling",
  allows: "a non-linear, exactly invertible change of coordinates, then a rotation",
  orthonormal: ["p"],
  start: (subspace, random) => ({
    p: copy(subspace),
    ...Object.fromEntries(
      Array.from({ length: LAYERS }, (_, layer) =>
        Object.entries(startLayer(subspace.cols, layer, random)),
      ).flat(),
    ),
  }),
  settle: (parameters) => parameters,
  encode(parameters, states) {
    const p = parameter(parameters, "p");
    const bent = couple(parameters, states, "forward");
    return {
      z: multiplyTransposed(bent.states, p),
      pull: (slope, into) => {
        addTo(parameter(into, "p"), transposedMultiply(slope, bent.states));
        bent.pull(multiply(slope, p), into);
      },
    };
  },
  decode(parameters, states, shift) {
    const p = parameter(parameters, "p");
    const bent = couple(parameters, states, "forward");
    const back = couple(parameters, multiply(shift, p, copy(bent.states)), "back");
    return {
      states: back.states,
      pull: (slope, into) => {
        const moved = back.pull(slope, into);
        addTo(parameter(into, "p"), transposedMultiply(shift, moved));
        bent.pull(moved, into);
        return multiplyTransposed(moved, p);
      },
    };
  },
};
