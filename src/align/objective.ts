/**
 * @file The objective of MAS for one target model: behaviour plus naturalness,
 *
 *     L = mean over rows of  CE(answer) + λ · (n' − c(y))ᵀ Σ⁻¹ (n' − c(y)) / unit²
 *
 * with c(y) and Σ of natural states of the target (`natural-states.ts`). Rows of all sources share one call.
 */
import { row, type Matrix } from "../numeric/matrix.js";
import { Room } from "../numeric/room.js";
import { axpy, f32, sum } from "../numeric/vector.js";
import { joinBatches, rowCount, targetsOf, type Batch, type Point } from "./batch.js";
import { continueRows, differentiateRows, type CallOptions } from "./continuation-calls.js";
import type { LearningSplit } from "./learner.js";
import { carry, linearise, type LinearisedRows } from "./linearised.js";
import { squaredDistances } from "./naturalness.js";
import {
  openGradients,
  patchTarget,
  takeItems,
  type ModelItems,
  type TargetRows,
} from "./patched-rows.js";
import { inTurn } from "./together.js";

/** Loss of all directions, nats per row; forward passes only. */
export async function lossAt(
  point: Point,
  batch: Batch,
  { naturalness, ...calls }: CallOptions & { naturalness: number },
): Promise<number> {
  const taken = takeItems(point, batch);
  const losses = await onTargets(point, { batch, taken }, async (rows) => {
    const { continuation } = rows.target;
    const logProb = await continueRows(continuation, rows, calls);
    const own = Array.from(rows.labels, (y, r) => -f32(logProb, r * continuation.nClasses + y));
    if (naturalness === 0) return own;
    return [...own, ...penalise(rows, batch.split).map((x) => naturalness * x)];
  });
  return sum(losses.flat()) / rowCount(batch);
}

/** Loss of all directions, nats per row, and its gradient with respect to each subspace. */
export async function gradientAt(
  point: Point,
  batch: Batch,
  { naturalness, ...calls }: CallOptions & { naturalness: number },
): Promise<Slope> {
  return slopeAt(point, [await runBatch(point, batch, calls)], { naturalness });
}

/** Loss, nats per row, and its gradient with respect to each subspace. */
export interface Slope {
  readonly loss: number;
  readonly gradients: readonly Matrix[];
}

/** Pairs that were run at some point, and how the targets answered there. */
export interface RunBatch extends Batch {
  /** Where they were run. */
  readonly subspaces: Point["subspaces"];
  /** One per model. */
  readonly taken: readonly ModelItems[];
  /** One per target. */
  readonly rows: readonly TargetRows[];
  /** One per target; rows of source 0, then of source 1. */
  readonly answers: readonly LinearisedRows[];
}

/** Runs the pairs of a batch in all directions, forward and backward. */
export async function runBatch(point: Point, batch: Batch, calls: CallOptions): Promise<RunBatch> {
  const taken = takeItems(point, batch);
  const run = await onTargets(point, { batch, taken }, async (rows) => {
    const answers = await differentiateRows(rows.target.continuation, rows, calls);
    return { rows, answers: linearise(answers, rows.patched) };
  });
  return {
    ...batch,
    ...{ subspaces: point.subspaces, taken },
    rows: run.map(({ rows }) => rows),
    answers: run.map(({ answers }) => answers),
  };
}

/** g of one target at a time. */
const SCALED = new Room();

/**
 * Loss and gradient at `point` over pairs that were run at points nearby (`linearised.ts`); where they were run at this
 * very point, the exact ones. Naturalness is computed anew. All batches are of one split.
 */
export function slopeAt(
  point: Point,
  batches: readonly RunBatch[],
  { naturalness }: { readonly naturalness: number },
): Slope {
  const batch = joinBatches(batches);
  const { taken, rows: targets } = rowsAt(point, batches, batch);
  const gradients = openGradients(point, taken);
  const losses: number[] = [];
  const share = 1 / rowCount(batch);
  for (const rows of targets) {
    const { sigma } = rows.states.normalisation;
    const scaled = SCALED.matrix(rows.items.length, rows.subspace.cols);
    scaled.data.fill(0);
    losses.push(...carryRows(rows, { batches, into: scaled, weight: share * sigma }));
    if (naturalness > 0) {
      const penalty = penalise(rows, batch.split, { into: scaled, weight: naturalness * share });
      losses.push(...penalty.map((x) => naturalness * x));
    }
    gradients.add(rows, scaled);
  }
  return { loss: sum(losses) * share, gradients: gradients.sum() };
}

/** Losses of all rows of a target as carried from where they were run, with `weight` × their derivatives. */
function carryRows(
  { i, patched, subspace: { cols: d } }: TargetRows,
  parts: {
    readonly batches: readonly RunBatch[];
    readonly into: Matrix;
    readonly weight: number;
  },
): number[] {
  const { batches, into, weight } = parts;
  const sources = batches[0]?.chosen[i]?.keys() ?? [];
  const state = new Float64Array(d);
  const losses: number[] = [];
  let r = 0;
  for (const source of sources) {
    for (const { chosen, answers } of batches) {
      const n = at(at(chosen, i), source).length;
      for (let pair = 0; pair < n; pair++, r++) {
        state.set(patched.subarray(r * d, (r + 1) * d));
        const own = source * n + pair;
        losses.push(carry(at(answers, i), own, { state, weight, into, at: r }));
      }
    }
  }
  return losses;
}

/** What `ask` gives for the rows of each target; each may compute on processors of its own. */
function onTargets<T>(
  point: Point,
  rows: Parameters<typeof patchTarget>[2],
  ask: (rows: TargetRows) => Promise<T>,
): Promise<readonly T[]> {
  return inTurn(targetsOf(point).map((_, i) => () => ask(patchTarget(point, i, rows))));
}

/** Rows of all batches, joined in `batch`, patched at `point`. */
function rowsAt(
  point: Point,
  batches: readonly RunBatch[],
  batch: Batch,
): Pick<RunBatch, "taken" | "rows"> {
  const [only, ...others] = batches;
  if (others.length === 0 && only?.subspaces === point.subspaces) return only;
  const taken = takeItems(point, batch);
  return { taken, rows: targetsOf(point).map((_, i) => patchTarget(point, i, { batch, taken })) };
}

/** Naturalness of each row in units of the natural distance; with `gradient`, adds `weight ×` its derivative. */
function penalise(
  { states, target: { natural, unit }, ...rows }: TargetRows,
  split: LearningSplit,
  gradient?: { into: Matrix; weight: number },
): number[] {
  const unit2 = unit[split] ** 2;
  const n = rows.subspace.cols;
  const { normalised } = states;
  const distances = squaredDistances({ ...rows, normalised, natural }, (r, image) => {
    if (gradient === undefined) return;
    axpy((2 * gradient.weight) / unit2, image, { y: row(gradient.into, r), n });
  });
  return Array.from(distances, (x) => x / unit2);
}

function at<T>(list: readonly T[], i: number): T {
  return list[i] as T; // models and blocks are indexed by their own keys
}
