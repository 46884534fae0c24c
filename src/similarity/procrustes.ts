/**
 * @file Orthogonal Procrustes: the rotation and the scale that carry one model's states best onto the other's, fitted
 * on some items and scored on others. A fit of states to states; nothing causal follows from it.
 */
import { invariant } from "../errors.js";
import {
  matrix,
  multiply,
  multiplyTransposed,
  row,
  squaredNorm,
  subtract,
  transpose,
  transposedMultiply,
  type Matrix,
} from "../numeric/matrix.js";
import { factorRows } from "../numeric/qr.js";
import { svd } from "../numeric/svd.js";
import { f64, scale } from "../numeric/vector.js";
import { lessState, meanState, varies } from "./centred.js";

/** States of the same items in two models, `x` `[item, d₁]` and `y` `[item, d₂]`. */
export interface PairedStates {
  readonly x: Matrix;
  readonly y: Matrix;
}

/** A shift, a rotation (on the span of the fitted states) and a scale from x to y. */
export interface ProcrustesMap {
  /** What is foretold of y `[item, d₂]` for states x `[item, d₁]`. */
  readonly apply: (x: Matrix) => Matrix;
  readonly scale: number;
  /** Mean of the fitted y, `[1, d₂]`: what a map that knows nothing would foretell. */
  readonly meanY: Matrix;
}

/** Name of the measure, as every output spells it. */
export const PROCRUSTES_NAME =
  "orthogonal Procrustes with scale, R² of the tuned states foretold from the base's, held-out items";

/** Singular values below this share of the largest are rounding: their directions are arbitrary. */
const NO_DIRECTION = 1e-12;

/**
 * R² on `test` of the map fitted on `fit`: 1 where it foretells every state, 0 where it does no better than the mean of
 * the fitted states, below 0 where it does worse.
 *
 * @returns `undefined` where states of either part do not vary.
 */
export function procrustes({
  fit,
  test,
}: {
  readonly fit: PairedStates;
  readonly test: PairedStates;
}): number | undefined {
  if (![fit.x, fit.y, test.x, test.y].every(varies)) return undefined;
  const map = fitProcrustes(fit);
  const missed = squaredNorm(subtract(test.y, map.apply(test.x)));
  return 1 - missed / squaredNorm(lessState(test.y, map.meanY));
}

/**
 * The orthogonal map and scale of least squares from `x` to `y` (Schönemann 1966), about their means. Where items are
 * fewer than dimensions it is a rotation of the span of the items and nothing outside it.
 */
export function fitProcrustes({ x, y }: PairedStates): ProcrustesMap {
  invariant(x.rows === y.rows, `Procrustes of ${x.rows} and ${y.rows} items`);
  const [meanX, meanY] = [meanState(x), meanState(y)];
  const [a, b] = [lessState(x, meanX), lessState(y, meanY)];
  const [left, right] = [coordinates(a), coordinates(b)];
  const { u, s, v } = svd(transposedMultiply(left.inner, right.inner)); // [rₓ, r_y]
  const kept = s.filter((value) => value > NO_DIRECTION * f64(s, 0)).length;
  const factor = s.reduce((total, value) => total + value, 0) / squaredNorm(a);
  const into = firstColumns(u, kept);
  const outOf = firstColumns(v, kept);
  return {
    scale: factor,
    meanY,
    apply: (states) => {
      const turned = multiplyTransposed(
        multiply(left.reduce(lessState(states, meanX)), into),
        outOf,
      );
      scale(factor, row(turned, 0), turned.data.length);
      const out = right.expand(turned);
      return lessState(out, { ...meanY, data: meanY.data.map((value) => -value) });
    },
  };
}

/** Coordinates of centred states in an orthonormal basis of at most as many directions as there are items. */
interface Coordinates {
  /** `[item, r]`. */
  readonly inner: Matrix;
  readonly reduce: (states: Matrix) => Matrix;
  readonly expand: (inner: Matrix) => Matrix;
}

function coordinates(states: Matrix): Coordinates {
  if (states.rows >= states.cols) {
    const same = (given: Matrix): Matrix => given;
    return { inner: states, reduce: same, expand: same };
  }
  const { q, r } = factorRows(states); // states = rᵀ q
  return {
    inner: transpose(r),
    reduce: (given) => multiplyTransposed(given, q),
    expand: (inner) => multiply(inner, q),
  };
}

function firstColumns(a: Matrix, count: number): Matrix {
  const out = matrix(a.rows, count);
  for (let r = 0; r < a.rows; r++) {
    out.data.set(a.data.subarray(r * a.cols, r * a.cols + count), r * count);
  }
  return out;
}
