/**
 * @file Centre and scale of one model at one site: `n = (h − μ) / σ`, with μ the balanced mean of the group means
 * and σ one scalar, both from the train split.
 *
 * Centring is essential in real models (the common mean is most of a state's norm). σ is a scalar on purpose:
 * a scale per axis would let a re-coded variable pass.
 */
import { matrix, row, type Matrix } from "../numeric/matrix.js";
import { assertFinite, axpy, dot, i32, scale, sum } from "../numeric/vector.js";
import { groupMeans, residualsOf, type Grouping } from "./grouping.js";

/** Centre and scale of the states of one model at one site. */
interface Normalisation {
  /** `[dModel]`. */
  readonly mean: Float64Array;
  /** Root mean square of a centred coordinate, groups weighted alike; 0 where all states are the same. */
  readonly sigma: number;
}

/** States of one model at one site with their normalised form. */
export interface SiteStates {
  readonly dModel: number;
  /** `[item, dModel]`, as captured. */
  readonly raw: Float32Array;
  /** `[item, dModel]`: (raw − μ) / σ; zeros where σ is 0. */
  readonly normalised: Matrix;
  readonly normalisation: Normalisation;
}

/**
 * Normalises `raw` `[item, dModel]` by the statistics of the `train` items.
 *
 * @throws {@link NumericsError} when a state is not finite.
 */
export function normaliseStates({
  raw,
  dModel,
  train,
  grouping,
}: {
  raw: Float32Array;
  dModel: number;
  train: Int32Array;
  grouping: Grouping;
}): SiteStates {
  assertFinite(raw, "captured states");
  const states = matrix(raw.length / dModel, dModel, new Float64Array(raw));
  const normalisation = fitNormalisation(states, train, grouping);
  const { mean, sigma } = normalisation;
  const inverse = sigma === 0 ? 0 : 1 / sigma; // all states equal: their code is 0, whatever the scale
  const centre = { data: mean, offset: 0 };
  for (let item = 0; item < states.rows; item++) {
    axpy(-1, centre, { y: row(states, item), n: dModel });
  }
  scale(inverse, row(states, 0), states.data.length);
  return { dModel, raw, normalised: states, normalisation };
}

function fitNormalisation(states: Matrix, train: Int32Array, grouping: Grouping): Normalisation {
  const groups = groupMeans(states, train, grouping);
  const present = [...groups.counts.keys()].filter((group) => i32(groups.counts, group) > 0);
  const mean = new Float64Array(states.cols);
  const centre = { data: mean, offset: 0 };
  for (const group of present) {
    axpy(1 / present.length, row(groups.means, group), { y: centre, n: states.cols });
  }
  const centred = residualsOf(states, train, {
    means: matrix(grouping.nGroups, states.cols, repeat(mean, grouping.nGroups)),
    grouping,
  });
  const squares = [...train].map((item, r) => {
    const weight = 1 / (present.length * i32(groups.counts, i32(grouping.group, item)));
    return weight * dot(row(centred, r), row(centred, r), states.cols);
  });
  return { mean, sigma: Math.sqrt(sum(squares) / states.cols) };
}

function repeat(values: Float64Array, times: number): Float64Array {
  const out = new Float64Array(values.length * times);
  for (let i = 0; i < times; i++) out.set(values, i * values.length);
  return out;
}
