/**
 * @file How far the objective of the learner on TensorFlow.js may lie from that on float64, given the same answers of the
 * models: the one place where this tolerance is derived.
 *
 * Every number there is a sum of products of float32 numbers. With u = 2⁻²⁴ and to first order, such a sum is off by at most
 * N u times the same sum of absolute values, N being the roundings along its longest path (Higham, "Accuracy and Stability
 * of Numerical Algorithms", 2nd ed., section 3.1). With D̄ for "D with absolute values", W of rank r and R rows:
 *
 *     D̄ = |P_s| |n_s| + |P_t| |n_t|       rounding P and n, the product, d − 1 sums, the difference: d + 3
 *     ȳ = |P_t|ᵀ D̄                         and k + 1
 *     x̄ = |n_t − c| + ȳ                    and 2
 *     v̄ = |Σ⁻¹(n_t − c)| + D̄ |P_t| S       d + r + k + 5 beside those of D;  S = (I + |W|ᵀ|W|) / floor
 *     q̄ = x̄ · v̄ / unit²                    those of both, and d
 *
 * together 4 d + 2 k + r, and R for sums over rows; 32 are added for the functions of one number (each within 2 u) and the
 * sums over directions. The log-odds m = m₀ + σ J · (y − y₀), with m₀ and J made from the loss by functions of relative
 * condition 1 + |m₀|, are off by
 *
 *     δm = N u (1 + |m₀| + σ |J| · (ȳ + ȳ₀))
 *
 * the loss of the row by as much, because its slope is at most 1, and that slope by δm / 4. What reaches a state is off by
 *
 *     T = σ |J| (N u (1 + |m₀|) + δm / 4) + 2 λ N u (v̄ + S x̄) / unit²
 *
 * and gradients by Σ (|P_t| T) |n_s|ᵀ for the source, Σ (D̄ Tᵀ + (|P_t| T) |n_t|ᵀ) for the target: T holds N u times all that
 * arrives, so the roundings of these last sums are in it.
 */
import type { Point } from "../../src/align/batch.js";
import type { RunBatch } from "../../src/align/objective.js";
import {
  copy,
  matrix,
  multiply,
  multiplyTransposed,
  rowRange,
  subtract,
  takeRows,
  transposedMultiply,
  type Matrix,
} from "../../src/numeric/matrix.js";

/** Unit roundoff of float32. */
export const FLOAT32 = 2 ** -24;

/** Largest differences that rounding explains. */
export interface Bounds {
  /** Of the loss, nats. */
  readonly loss: number;
  /** Of each number of each gradient, `[k, dModel]`. */
  readonly gradients: readonly Matrix[];
}

const absolute = (a: Matrix): Matrix => matrix(a.rows, a.cols, a.data.map(Math.abs));
const plus = (a: Matrix, b: Matrix): Matrix =>
  matrix(
    a.rows,
    a.cols,
    a.data.map((x, i) => x + b.data[i]!),
  );

/** One direction with absolute values: states, subspaces and what is exchanged. */
interface Ends {
  readonly source: Matrix;
  readonly target: Matrix;
}

function exchanged(
  states: Ends,
  subspaces: Ends,
): { readonly difference: Matrix; readonly change: Matrix } {
  const difference = plus(
    multiplyTransposed(states.source, subspaces.source),
    multiplyTransposed(states.target, subspaces.target),
  );
  return { difference, change: multiply(difference, subspaces.target) };
}

/** Bounds at `point` for a batch that was run `before`; `lossNats` as the models gave them there, per target. */
export function float32Bounds(
  { models, subspaces }: Point,
  batch: RunBatch & { readonly lossNats: readonly Float32Array[] },
  { before, naturalness }: { before: readonly Matrix[]; naturalness: number },
): Bounds {
  const gradients = subspaces.map((p) => matrix(p.rows, p.cols));
  const n = batch.chosen[0]![0]!.length;
  const targets = [...models.keys()].filter((t) => models[t]!.target !== undefined);
  const rows = n * models.length * targets.length;
  let loss = 0;
  for (const [i, t] of targets.entries()) {
    const { states, target } = models[t]!;
    const { natural, unit } = target!;
    const { sigma } = states.normalisation;
    const { factor, floor } = natural.precision;
    const w = absolute(factor);
    const spread = transposedMultiply(w, w);
    for (let c = 0; c < spread.rows; c++) spread.data[c * spread.rows + c]! += 1;
    const s = matrix(spread.rows, spread.cols, spread.data.map((x) => x / floor)); // prettier-ignore
    for (const [from, source] of models.entries()) {
      const of = (values: Int32Array): Int32Array =>
        batch.chosen[i]![from]!.map((pair) => values[pair]!);
      const [items, groups] = [of(batch.pairs.target), of(batch.pairs.group)];
      natural.prepare(items);
      const departing = (of_: Matrix, means: Matrix): Matrix =>
        absolute(subtract(takeRows(of_, items), takeRows(means, groups)));
      const ends: Ends = {
        source: absolute(takeRows(source.states.normalised, of(batch.pairs.source))),
        target: absolute(takeRows(states.normalised, items)),
      };
      const at = (places: readonly Matrix[]): Ends => ({
        source: absolute(places[from]!),
        target: absolute(places[t]!),
      });
      const { target: p } = at(subspaces);
      const { difference, change } = exchanged(ends, at(subspaces));
      const moved = plus(change, exchanged(ends, at(before)).change);
      const x = plus(departing(states.normalised, natural.means), change);
      const image = plus(
        departing(natural.preciseStates, natural.preciseMeans),
        multiply(difference, multiply(p, s)),
      );
      const arriving = plus(image, multiply(x, s));
      const slope = absolute(rowRange(batch.answers[i]!.slope, from * n, (from + 1) * n));
      const [d, k] = [Math.max(ends.source.cols, ends.target.cols), p.rows];
      const e = (4 * d + 2 * k + w.rows + rows + 32) * FLOAT32;
      const off = copy(slope); // T
      const penalty = naturalness / unit[batch.split] ** 2;
      for (let r = 0; r < n; r++) {
        const nats = batch.lossNats[i]![from * n + r]!;
        const odds = Math.abs(nats + Math.log(-Math.expm1(-nats)));
        const rowOf = (a: Matrix): Float64Array => a.data.subarray(r * a.cols, (r + 1) * a.cols);
        const along = (a: Matrix, b: Matrix): number =>
          rowOf(a).reduce((sum, each, c) => sum + each * rowOf(b)[c]!, 0);
        const delta = e * (1 + odds + sigma * along(slope, moved));
        loss += delta + penalty * e * along(x, image);
        rowOf(off).forEach((steep, c) => {
          rowOf(off)[c] =
            sigma * steep * (e * (1 + odds) + delta / 4) + 2 * penalty * e * rowOf(arriving)[c]!;
        });
      }
      const inward = multiplyTransposed(off, p);
      transposedMultiply(inward, ends.source, gradients[from]);
      transposedMultiply(inward, ends.target, gradients[t]);
      transposedMultiply(difference, off, gradients[t]);
    }
  }
  for (const { data } of gradients) data.forEach((x, i) => (data[i] = x / rows));
  return { loss: loss / rows, gradients };
}
