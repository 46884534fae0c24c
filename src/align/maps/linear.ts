/**
 * @file Linear maps: all are an encoder A and a decoder B, `[k, d]` each, and differ in what A and B may be.
 *
 *     z = A n,    n' = n + Bᵀ shift,    A Bᵀ = I   (not asked of `linear`)
 */
import { NumericsError } from "../../errors.js";
import {
  copy,
  matrix,
  multiply,
  multiplyTransposed,
  row,
  transpose,
  transposedMultiply,
  type Matrix,
} from "../../numeric/matrix.js";
import { inverse } from "../../numeric/inverse.js";
import { dot, f64 } from "../../numeric/vector.js";
import { addTo, parameter, type MapForm, type MapParameters } from "./map.js";

/** Encoder and decoder at some parameters. */
interface Coder {
  /** A, `[k, d]`. */
  readonly encoder: Matrix;
  /** B, `[k, d]`. */
  readonly decoder: Matrix;
}

/** What tells one linear form from another. */
interface LinearForm extends Pick<MapForm, "name" | "allows" | "orthonormal"> {
  readonly start: (subspace: Matrix) => MapParameters;
  readonly coder: (parameters: MapParameters) => Coder;
  /** Adds dL/dA and dL/dB, carried to the parameters, to `into`. */
  readonly pull: (parameters: MapParameters, slope: Coder, into: MapParameters) => void;
  readonly settle?: MapForm["settle"];
}

function times(a: Matrix, factor: (column: number) => number): Matrix {
  return matrix(
    a.rows,
    a.cols,
    a.data.map((value, i) => value * factor(i % a.cols)),
  );
}

function inner(a: Matrix, b: Matrix): number {
  return dot(row(a, 0), row(b, 0), a.data.length);
}

const orthogonal: LinearForm = {
  name: "orthogonal",
  allows: "a rotation",
  orthonormal: ["p"],
  start: (subspace) => ({ p: copy(subspace) }),
  coder: (parameters) => ({
    encoder: parameter(parameters, "p"),
    decoder: parameter(parameters, "p"),
  }),
  pull: (_parameters, { encoder, decoder }, into) => {
    addTo(parameter(into, "p"), encoder);
    addTo(parameter(into, "p"), decoder);
  },
};

const scaled: LinearForm = {
  name: "scaled",
  allows: "a rotation and one scale for the whole code",
  orthonormal: ["p"],
  start: (subspace) => ({ p: copy(subspace), logScale: matrix(1, 1) }),
  coder: (parameters) => {
    const size = Math.exp(f64(parameter(parameters, "logScale").data, 0));
    const p = parameter(parameters, "p");
    return { encoder: times(p, () => size), decoder: times(p, () => 1 / size) };
  },
  pull: (parameters, slope, into) => {
    const { encoder, decoder } = scaled.coder(parameters);
    const size = Math.exp(f64(parameter(parameters, "logScale").data, 0));
    addTo(parameter(into, "p"), slope.encoder, size);
    addTo(parameter(into, "p"), slope.decoder, 1 / size);
    const { data } = parameter(into, "logScale");
    data[0] = f64(data, 0) + inner(slope.encoder, encoder) - inner(slope.decoder, decoder);
  },
};

const relaxed: LinearForm = {
  name: "relaxed",
  allows: "a scale of its own for each coordinate of the state, then a rotation",
  orthonormal: ["p"],
  start: (subspace) => ({ p: copy(subspace), logScales: matrix(1, subspace.cols) }),
  coder: (parameters) => {
    const p = parameter(parameters, "p");
    const { data } = parameter(parameters, "logScales");
    return {
      encoder: times(p, (c) => Math.exp(f64(data, c))),
      decoder: times(p, (c) => Math.exp(-f64(data, c))),
    };
  },
  pull: (parameters, slope, into) => {
    const { encoder, decoder } = relaxed.coder(parameters);
    const logs = parameter(parameters, "logScales").data;
    const [p, slopes] = [parameter(into, "p"), parameter(into, "logScales").data];
    for (let i = 0; i < p.data.length; i++) {
      const c = i % p.cols;
      const size = Math.exp(f64(logs, c));
      const [a, b] = [f64(slope.encoder.data, i), f64(slope.decoder.data, i)];
      p.data[i] = f64(p.data, i) + a * size + b / size;
      slopes[c] = f64(slopes, c) + a * f64(encoder.data, i) - b * f64(decoder.data, i);
    }
  },
};

/** Encoder and decoder as parameters of their own. */
const freePair: Pick<LinearForm, "orthonormal" | "start" | "coder" | "pull"> = {
  orthonormal: [],
  start: (subspace) => ({ encoder: copy(subspace), decoder: copy(subspace) }),
  coder: (parameters) => ({
    encoder: parameter(parameters, "encoder"),
    decoder: parameter(parameters, "decoder"),
  }),
  pull: (_parameters, slope, into) => {
    addTo(parameter(into, "encoder"), slope.encoder);
    addTo(parameter(into, "decoder"), slope.decoder);
  },
};

const invertible: LinearForm = {
  ...freePair,
  name: "invertible",
  allows: "any invertible linear map",
  settle: (parameters) => {
    const [encoder, decoder] = [parameter(parameters, "encoder"), parameter(parameters, "decoder")];
    return { encoder, decoder: multiply(transpose(inverse(products(encoder, decoder))), decoder) };
  },
};

/** `A Bᵀ`, which a step has moved away from I. @throws {@link NumericsError} where it is no longer near. */
function products(encoder: Matrix, decoder: Matrix): Matrix {
  const found = multiplyTransposed(encoder, decoder);
  if (found.data.every(Number.isFinite)) return found;
  throw new NumericsError("an invertible map has left the numbers", {
    code: "MAP_DIVERGED",
    expected: "a finite product of encoder and decoder",
    found: "one that is not",
    hint: "choose a smaller learning rate, or the orthogonal map",
  });
}

const linear: LinearForm = {
  ...freePair,
  name: "linear",
  allows: "an encoder and a decoder that need not belong together",
};

function formOf({ coder, pull, settle, ...form }: LinearForm): MapForm {
  return {
    ...form,
    settle: settle ?? ((parameters) => parameters),
    moves: (parameters) => coder(parameters).decoder,
    encode(parameters, states) {
      const { encoder } = coder(parameters);
      return {
        z: multiplyTransposed(states, encoder),
        pull: (slope, into) => {
          const none = matrix(encoder.rows, encoder.cols);
          const slopes = { encoder: transposedMultiply(slope, states), decoder: none };
          pull(parameters, slopes, into);
        },
      };
    },
    decode(parameters, states, shift) {
      const { decoder } = coder(parameters);
      return {
        states: multiply(shift, decoder, copy(states)),
        pull: (slope, into) => {
          const none = matrix(decoder.rows, decoder.cols);
          const slopes = { encoder: none, decoder: transposedMultiply(shift, slope) };
          pull(parameters, slopes, into);
          return multiplyTransposed(slope, decoder);
        },
      };
    },
  };
}

/** A rotation: the map of MAS. */
export const ORTHOGONAL_FORM: MapForm = formOf(orthogonal);

/** The linear forms, from strict to free. */
export const LINEAR_FORMS: readonly MapForm[] = [
  ORTHOGONAL_FORM,
  ...[scaled, relaxed, invertible, linear].map(formOf),
];
