/**
 * @file Canonical correlations of two models' states (SVCCA: Raghu et al. 2017; PWCCA: Morcos et al. 2018), fitted on
 * some items and correlated on others: on the items of the fit, enough directions correlate whatever the states are.
 */
import { invariant } from "../errors.js";
import {
  matrix,
  multiply,
  row,
  squaredNorm,
  transpose,
  transposedMultiply,
  type Matrix,
} from "../numeric/matrix.js";
import { svd } from "../numeric/svd.js";
import { dot, f64, sum } from "../numeric/vector.js";
import { lessState, meanState, varies } from "./centred.js";
import type { PairedStates } from "./procrustes.js";

/** How the directions are fitted. */
export interface CcaOptions {
  /** Share of the variance that the kept principal directions of each model hold, 0 to 1. @defaultValue 0.99 */
  readonly variance?: number;
  /** Added to each variance, as a share of the mean variance of a coordinate. @defaultValue 0.01 */
  readonly ridge?: number;
}

/** Canonical correlations, strongest fitted first. */
export interface CanonicalCorrelations {
  readonly fitted: readonly number[];
  /** Of the same directions on the test items. */
  readonly heldOut: readonly number[];
  /** Mean over directions of the held-out correlations. */
  readonly mean: number;
  /** The same, weighted by how much of x each direction accounts for. */
  readonly pwcca: number;
}

const VARIANCE = 0.99;
const RIDGE = 0.01;
/** Singular values below this share of the largest are rounding. */
const NO_DIRECTION = 1e-10;

/** Names of the two means, as every output spells them. */
export function ccaNames({ variance = VARIANCE, ridge = RIDGE }: CcaOptions = {}): {
  readonly mean: string;
  readonly pwcca: string;
} {
  const how = `directions of ${variance} of the variance, ridge ${ridge}, held-out items`;
  return { mean: `SVCCA, mean correlation, ${how}`, pwcca: `PWCCA, ${how}` };
}

/**
 * Canonical correlations of `fit`, and how the directions found correlate on `test`.
 *
 * @returns `undefined` where states of a part do not vary, along a direction or at all.
 */
export function canonicalCorrelations(
  { fit, test }: { readonly fit: PairedStates; readonly test: PairedStates },
  { variance = VARIANCE, ridge = RIDGE }: CcaOptions = {},
): CanonicalCorrelations | undefined {
  invariant(fit.x.rows === fit.y.rows && test.x.rows === test.y.rows, "items of one model only");
  if (![fit.x, fit.y, test.x, test.y].every(varies)) return undefined;
  const x = whiten(fit.x, { variance, ridge });
  const y = whiten(fit.y, { variance, ridge });
  const { u, v } = svd(transposedMultiply(x.apply(fit.x), y.apply(fit.y)));
  const along = (states: PairedStates): { x: Matrix; y: Matrix } => ({
    x: transpose(multiply(x.apply(states.x), u)),
    y: transpose(multiply(y.apply(states.y), v)),
  });
  const [own, other] = [along(fit), along(test)];
  const fitted = correlateRows(own);
  const heldOut = correlateRows(other);
  if (fitted === undefined || heldOut === undefined) return undefined;
  const weights = accountedFor(own.x, lessState(fit.x, meanState(fit.x)));
  return {
    fitted,
    heldOut,
    mean: sum(heldOut) / heldOut.length,
    pwcca: sum(heldOut.map((r, i) => r * f64(weights, i))) / sum(weights),
  };
}

/** Leading principal coordinates of states, each brought to about unit variance. */
function whiten(
  states: Matrix,
  { variance, ridge }: Required<CcaOptions>,
): { readonly apply: (states: Matrix) => Matrix } {
  const mean = meanState(states);
  const about = lessState(states, mean);
  const { s, v } = svd(about);
  const all = squaredNorm(about);
  const extra = (ridge * all) / (states.rows * states.cols);
  const kept = leading(s, variance * all);
  const map = matrix(states.cols, kept);
  for (let r = 0; r < map.rows; r++) {
    for (let c = 0; c < kept; c++) {
      const size = Math.sqrt(f64(s, c) ** 2 / states.rows + extra);
      map.data[r * kept + c] = f64(v.data, r * v.cols + c) / size;
    }
  }
  return { apply: (given) => multiply(lessState(given, mean), map) };
}

/** How many leading singular values hold so much of the sum of squares. */
function leading(s: Float64Array, wanted: number): number {
  let [held, count] = [0, 0];
  for (const value of s) {
    if (held >= wanted || value <= NO_DIRECTION * f64(s, 0)) break;
    held += value ** 2;
    count++;
  }
  return count;
}

/** Pearson's r of row i of x with row i of y, for each i. */
function correlateRows({ x, y }: PairedStates): number[] | undefined {
  const [a, b] = [rowsAboutMeans(x), rowsAboutMeans(y)];
  const found = Array.from({ length: Math.min(x.rows, y.rows) }, (_, i) => {
    const inner = (p: Matrix, q: Matrix): number => dot(row(p, i), row(q, i), p.cols);
    const size = Math.sqrt(inner(a, a) * inner(b, b));
    return size > 0 ? inner(a, b) / size : undefined;
  }).filter((r) => r !== undefined);
  return found.length === Math.min(x.rows, y.rows) ? found : undefined;
}

function rowsAboutMeans(a: Matrix): Matrix {
  const turned = transpose(a);
  return transpose(lessState(turned, meanState(turned)));
}

/** By direction: Σ over coordinates of |⟨variate, coordinate⟩|. `variates` `[direction, item]`. */
function accountedFor(variates: Matrix, states: Matrix): Float64Array {
  const products = multiply(variates, states);
  return Float64Array.from({ length: variates.rows }, (_, i) => {
    const own = products.data.subarray(i * products.cols, (i + 1) * products.cols);
    return sum(own.map(Math.abs));
  });
}
