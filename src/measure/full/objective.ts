/**
 * @file What is learned for whole contexts,
 *
 *     L = mean over pairs and directions of  KL(own answer after the source ‖ patched)
 *                                            + λ · mean over tokens of (n' − c)ᵀ Σ⁻¹ (n' − c) / unit²
 *
 * with c the target's own state at the same token of the source text. The first term is behaviour; the second keeps a
 * swap from steering by states that the target never holds (`align/objective.ts` has the same two for one token).
 */
import { accumulateGradient } from "../../align/interchange.js";
import { matrix, row, type Matrix } from "../../numeric/matrix.js";
import { axpy, i32, sum } from "../../numeric/vector.js";
import type { ContextContinuation } from "./context-runner.js";
import type { ContextModel } from "./context-model.js";
import { departures, exchange, type Exchange } from "./exchange.js";
import { pairRows, type RowPairs, type TextPairs, type TokenRows } from "./token-rows.js";

/** One model under training. */
export interface ContextLearner {
  readonly model: ContextModel;
  readonly continuation: ContextContinuation;
  /** `[k, dModel]` */
  readonly start: Matrix;
}

/** Models, their subspaces at one moment of learning, and the pairs to look at. */
export interface ContextPoint {
  readonly learners: readonly ContextLearner[];
  /** `[k, dModel]` each. */
  readonly subspaces: readonly Matrix[];
  readonly rows: TokenRows;
  readonly pairs: TextPairs;
  /** λ */
  readonly naturalness: number;
}

/** One target with the rows of all its sources, one direction after the other. */
interface TargetRows {
  readonly t: number;
  readonly learner: ContextLearner;
  readonly rows: RowPairs;
  /** By source. */
  readonly directions: readonly Exchange[];
  readonly contexts: Parameters<ContextContinuation["forward"]>[0];
}

/** Loss over all directions, nats per pair; forward passes only. */
export async function contextLossAt(point: ContextPoint): Promise<number> {
  const losses: number[] = [];
  for (const target of targetsOf(point)) {
    const { lossNats } = await target.learner.continuation.forward(target.contexts);
    losses.push(...lossNats, ...penalties(point, target));
  }
  return sum(losses) * shareOf(point);
}

/** Loss over all directions, nats per pair, and its gradient with respect to each subspace. */
export async function contextGradientAt(
  point: ContextPoint,
): Promise<{ loss: number; gradients: Matrix[] }> {
  const gradients = point.subspaces.map((p) => matrix(p.rows, p.cols));
  const losses: number[] = [];
  for (const target of targetsOf(point)) {
    const { continuation, model } = target.learner;
    const { lossNats, gradient } = await continuation.backward(target.contexts);
    const slope = shareOf(point) * model.states.normalisation.sigma;
    const d = continuation.dModel;
    const scaled = matrix(
      gradient.length / d,
      d,
      Float64Array.from(gradient, (x) => slope * x),
    );
    losses.push(...lossNats, ...penalties(point, target, scaled));
    backpropagate(target, scaled, gradients);
  }
  return { loss: sum(losses) * shareOf(point), gradients };
}

/** Weight of one pair in one direction. */
function shareOf({ learners, pairs }: ContextPoint): number {
  return 1 / (learners.length ** 2 * pairs.target.length);
}

function targetsOf({ learners, subspaces, rows: layout, pairs }: ContextPoint): TargetRows[] {
  const rows = pairRows(layout, pairs);
  const participants = learners.map(({ model }, i) => ({ model, subspace: at(subspaces, i) }));
  return learners.map((learner, t) => {
    const directions = participants.map((from) => exchange(from, at(participants, t), rows));
    const contexts = {
      items: repeat(pairs.target, directions.length),
      wanted: repeat(pairs.source, directions.length),
      patched: concatenate(directions.map(({ patched }) => patched)),
    };
    return { t, learner, rows, directions, contexts };
  });
}

/** λ × the departure of each row, as a share of its text; with `into`, its derivative is added there. */
function penalties(
  point: ContextPoint,
  { learner: { model }, rows, directions }: TargetRows,
  into?: Matrix,
): number[] {
  const { naturalness } = point;
  if (naturalness === 0) return [];
  const shares = rowShares(rows);
  const share = shareOf(point);
  return directions.flatMap((direction, b) => {
    const first = b * shares.length;
    const found = departures(direction, { model, rows }, (r, image) => {
      if (into === undefined) return;
      const weight = (2 * naturalness * share * at(shares, r)) / model.unit ** 2;
      axpy(weight, image, { y: row(into, first + r), n: into.cols });
    });
    return Array.from(found, (x, r) => naturalness * at(shares, r) * x);
  });
}

/** `[row]`: 1 / rows of its text, so that a long text counts as one text. */
function rowShares({ count }: RowPairs): number[] {
  return Array.from(count).flatMap((n) => new Array<number>(n).fill(1 / n));
}

function backpropagate(
  { t, directions }: TargetRows,
  scaled: Matrix,
  gradients: readonly Matrix[],
): void {
  directions.forEach((direction, s) => {
    const size = direction.difference.rows * scaled.cols;
    const part = scaled.data.subarray(s * size, (s + 1) * size);
    accumulateGradient(direction, matrix(direction.difference.rows, scaled.cols, part), {
      source: at(gradients, s),
      target: at(gradients, t),
    });
  });
}

function repeat(values: Int32Array, times: number): Int32Array {
  return Int32Array.from({ length: times * values.length }, (_, i) =>
    i32(values, i % values.length),
  );
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((n, { length }) => n + length, 0));
  let start = 0;
  for (const part of parts) {
    out.set(part, start);
    start += part.length;
  }
  return out;
}

function at<T>(list: readonly T[], i: number): T {
  return list[i] as T; // models, directions and rows are indexed by their own keys
}
