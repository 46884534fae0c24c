/**
 * @file The objective of MAS for one target model: behaviour plus naturalness,
 *
 *     L = mean over rows of  CE(answer) + λ · (n' − c(y))ᵀ Σ⁻¹ (n' − c(y)) / unit²
 *
 * with c(y) and Σ of natural states of the target (`natural-states.ts`). Rows of all sources share one call.
 */
import { invariant } from "../errors.js";
import { matrix, row, type Matrix } from "../numeric/matrix.js";
import { axpy, f32, i32, sum } from "../numeric/vector.js";
import { continueRows, differentiateRows, type CallOptions } from "./continuation-calls.js";
import { accumulateGradient, coordinateDifference, patchStates } from "./interchange.js";
import type { End } from "./interchange.js";
import type { LearningModel, LearningPairs, LearningSplit, LearningTarget } from "./learner.js";
import { squaredDistances } from "./naturalness.js";

/** Which pairs of a split to look at. */
export interface Batch {
  readonly split: LearningSplit;
  readonly pairs: LearningPairs;
  /** Indices into `pairs`. */
  readonly chosen: Int32Array;
}

/** One target with all its sources: rows of source 0, then of source 1. */
interface TargetRows {
  readonly states: LearningModel["states"];
  readonly target: LearningTarget;
  readonly subspace: Matrix;
  readonly blocks: readonly { source: End; target: End; difference: Matrix; model: number }[];
  /** `[row]`. */
  readonly items: Int32Array;
  readonly groups: Int32Array;
  readonly labels: Int32Array;
  /** `[row, dModel]`. */
  readonly patched: Float32Array;
}

/** State of all models at one moment of learning. */
export interface Point {
  readonly models: readonly LearningModel[];
  /** `[k, dModel]` each. */
  readonly subspaces: readonly Matrix[];
}

/** Loss of all directions, nats per row; forward passes only. */
export async function lossAt(
  point: Point,
  batch: Batch,
  { naturalness, ...calls }: CallOptions & { naturalness: number },
): Promise<number> {
  const losses: number[] = [];
  for (const t of targetsOf(point)) {
    const rows = patchTarget(point, t, batch);
    const logProb = await continueRows(rows.target.continuation, rows, calls);
    const { nClasses } = rows.target.continuation;
    rows.labels.forEach((label, r) => losses.push(-f32(logProb, r * nClasses + label)));
    if (naturalness > 0) {
      losses.push(...penalise(rows, batch.split).map((x) => naturalness * x));
    }
  }
  return sum(losses) / rowCount(point, batch);
}

/** Loss of all directions, nats per row, and its gradient with respect to each subspace. */
export async function gradientAt(
  point: Point,
  batch: Batch,
  { naturalness, ...calls }: CallOptions & { naturalness: number },
): Promise<{ loss: number; gradients: Matrix[] }> {
  const gradients = point.subspaces.map((p) => matrix(p.rows, p.cols));
  const losses: number[] = [];
  const share = 1 / rowCount(point, batch);
  for (const t of targetsOf(point)) {
    const rows = patchTarget(point, t, batch);
    const { lossNats, gradient } = await differentiateRows(rows.target.continuation, rows, calls);
    const { sigma } = rows.states.normalisation;
    const scaled = matrix(
      rows.items.length,
      rows.subspace.cols,
      Float64Array.from(gradient, (x) => share * sigma * x),
    );
    losses.push(...lossNats);
    if (naturalness > 0) {
      const penalty = penalise(rows, batch.split, { into: scaled, weight: naturalness * share });
      losses.push(...penalty.map((x) => naturalness * x));
    }
    backpropagate(rows, scaled, { gradients, t });
  }
  return { loss: sum(losses) * share, gradients };
}

/** Indices of the models that can be patched. */
function targetsOf({ models }: Point): number[] {
  return [...models.keys()].filter((t) => at(models, t).target !== undefined);
}

function rowCount(point: Point, { chosen }: Batch): number {
  return point.models.length * targetsOf(point).length * chosen.length;
}

function patchTarget({ models, subspaces }: Point, t: number, batch: Batch): TargetRows {
  const { states, target: answering } = at(models, t);
  invariant(answering !== undefined, `model ${t} is a target`);
  const subspace = at(subspaces, t);
  const targets = batch.chosen.map((pair) => i32(batch.pairs.target, pair));
  const sources = batch.chosen.map((pair) => i32(batch.pairs.source, pair));
  const target = { subspace, normalised: states.normalised, items: targets };
  const blocks = models.map((from, s) => {
    const source = {
      subspace: at(subspaces, s),
      normalised: from.states.normalised,
      items: sources,
    };
    return { source, target, difference: coordinateDifference(source, target), model: s };
  });
  const { raw, dModel, normalisation } = states;
  const patched = new Float32Array(blocks.length * targets.length * dModel);
  blocks.forEach(({ difference }, b) => {
    const block = patchStates({ raw, sigma: normalisation.sigma, target }, difference);
    patched.set(block, b * block.length);
  });
  const perPair = (values: Int32Array): Int32Array =>
    repeat(
      batch.chosen.map((pair) => i32(values, pair)),
      blocks.length,
    );
  return {
    states,
    target: answering,
    subspace,
    blocks,
    items: repeat(targets, blocks.length),
    groups: perPair(batch.pairs.group),
    labels: perPair(answering.labels[batch.split]),
    patched,
  };
}

/** Naturalness of each row in units of the natural distance; with `gradient`, adds `weight ×` its derivative. */
function penalise(
  { states, target: { natural, unit }, subspace, blocks, groups }: TargetRows,
  split: LearningSplit,
  gradient?: { into: Matrix; weight: number },
): number[] {
  const unit2 = unit[split] ** 2;
  const d = subspace.cols;
  return blocks.flatMap(({ target, difference }, b) => {
    const first = b * difference.rows;
    const rows = {
      normalised: states.normalised,
      natural,
      subspace,
      items: target.items,
      groups: groups.subarray(first, first + difference.rows),
      difference,
    };
    const distances = squaredDistances(rows, (r, image) => {
      if (gradient === undefined) return;
      axpy((2 * gradient.weight) / unit2, image, { y: row(gradient.into, first + r), n: d });
    });
    return Array.from(distances, (x) => x / unit2);
  });
}

function backpropagate(
  { blocks, subspace }: TargetRows,
  scaled: Matrix,
  { gradients, t }: { gradients: readonly Matrix[]; t: number },
): void {
  const d = subspace.cols;
  blocks.forEach((block, b) => {
    const n = block.difference.rows;
    const part = matrix(n, d, scaled.data.subarray(b * n * d, (b + 1) * n * d));
    accumulateGradient(block, part, {
      source: at(gradients, block.model),
      target: at(gradients, t),
    });
  });
}

function repeat(values: Int32Array, times: number): Int32Array {
  const out = new Int32Array(values.length * times);
  for (let i = 0; i < times; i++) out.set(values, i * values.length);
  return out;
}

function at<T>(list: readonly T[], i: number): T {
  return list[i] as T; // models and blocks are indexed by their own keys
}
