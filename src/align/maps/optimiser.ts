/**
 * @file Adam for the parameters of a map: in the tangent space where rows stay orthonormal, element by element elsewhere.
 */
import { invariant } from "../../errors.js";
import { matrix, type Matrix } from "../../numeric/matrix.js";
import { f64 } from "../../numeric/vector.js";
import { createAdam } from "../adam.js";
import { parameter, type MapForm, type MapParameters } from "./map.js";

/** Rates of one step: an angle for orthonormal rows, a length per element for free parameters. */
export interface Rates {
  readonly rows: number;
  readonly free: number;
}

/** Optimiser of one map. */
export interface MapOptimiser {
  /** Parameters after one step against `gradient`. @throws what {@link MapForm.settle} throws. */
  step(parameters: MapParameters, gradient: MapParameters, rates: Rates): MapParameters;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-12;

/** A fresh optimiser for maps of a form, with the shapes of `parameters`. */
export function createMapOptimiser(form: MapForm, parameters: MapParameters): MapOptimiser {
  const steps = Object.fromEntries(
    Object.entries(parameters).map(([name, { rows, cols }]) => {
      if (!form.orthonormal.includes(name)) return [name, freeStep(rows, cols)];
      const adam = createAdam(rows, cols);
      const step: Step = (value, gradient, rates) => adam.step(value, gradient, rates.rows);
      return [name, step];
    }),
  );
  return {
    step: (current, gradient, rates) => {
      const moved = Object.entries(current).map(([name, value]) => {
        const step = steps[name];
        invariant(step !== undefined, `no optimiser for parameter ${name}`);
        return [name, step(value, parameter(gradient, name), rates)] as const;
      });
      return form.settle(Object.fromEntries(moved));
    },
  };
}

type Step = (value: Matrix, gradient: Matrix, rates: Rates) => Matrix;

/** Kingma and Ba (2015), algorithm 1. */
function freeStep(rows: number, cols: number): Step {
  const [first, second] = [new Float64Array(rows * cols), new Float64Array(rows * cols)];
  let t = 0;
  return (value, gradient, { free }) => {
    t++;
    const out = matrix(rows, cols, value.data.slice());
    for (let i = 0; i < first.length; i++) {
      const g = f64(gradient.data, i);
      first[i] = BETA1 * f64(first, i) + (1 - BETA1) * g;
      second[i] = BETA2 * f64(second, i) + (1 - BETA2) * g * g;
      const size = Math.sqrt(f64(second, i) / (1 - BETA2 ** t)) + EPSILON;
      out.data[i] = f64(out.data, i) - (free * f64(first, i)) / (1 - BETA1 ** t) / size;
    }
    return out;
  };
}
