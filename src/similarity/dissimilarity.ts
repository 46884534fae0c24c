/** @file How unlike the states of two items are: the three dissimilarities that RSA papers use. */
import { copy, gram as ownGram, row, type Matrix } from "../numeric/matrix.js";
import { dot, f64, scale } from "../numeric/vector.js";
import { squaredDistances, type Gram } from "./kernel-matrix.js";
import { pairsOf, type PairVector } from "./pair-vector.js";

/** Names of the dissimilarities. */
export const DISSIMILARITIES = ["euclidean", "cosine", "correlation"] as const;
/**
 * `euclidean`: length of the difference (blind to rotation and shift). `cosine`: 1 − cosine of the two states (blind to
 * rotation). `correlation`: 1 − Pearson correlation over units (depends on the basis).
 */
export type Dissimilarity = (typeof DISSIMILARITIES)[number];

const MEASURES: Readonly<Record<Dissimilarity, (states: Matrix, gram: Gram) => PairVector>> = {
  euclidean: (states, gram) => pairsOf(squaredDistances(states, gram), Math.sqrt),
  cosine: (states, gram) => oneLess(gram(unitRows(states))),
  correlation: (states, gram) => oneLess(gram(unitRows(centredRows(states)))),
};

/**
 * Dissimilarities between the items of `states` `[item, dModel]`, as they are: not centred.
 *
 * A state of length 0 has no direction; its cosine with others counts as 0.
 */
export function dissimilarities(
  states: Matrix,
  kind: Dissimilarity,
  gram: Gram = ownGram,
): PairVector {
  return MEASURES[kind](states, gram);
}

function oneLess(cosines: Matrix): PairVector {
  return pairsOf(cosines, (cosine) => 1 - cosine);
}

function unitRows(states: Matrix): Matrix {
  const out = copy(states);
  for (let item = 0; item < out.rows; item++) {
    const run = row(out, item);
    const length = Math.sqrt(dot(run, run, out.cols));
    if (length > 0) scale(1 / length, run, out.cols);
  }
  return out;
}

/** Each state less the mean of its own units. */
function centredRows(states: Matrix): Matrix {
  const out = copy(states);
  for (let item = 0; item < out.rows; item++) {
    const from = item * out.cols;
    let sum = 0;
    for (let c = 0; c < out.cols; c++) sum += f64(out.data, from + c);
    for (let c = 0; c < out.cols; c++) {
      out.data[from + c] = f64(out.data, from + c) - sum / out.cols;
    }
  }
  return out;
}
