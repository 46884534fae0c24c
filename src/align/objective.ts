/**
 * @file The objective of MAS for one target model: behaviour plus naturalness,
 *
 *     L = mean over rows of  CE(answer) + λ · (n' − c(y))ᵀ Σ⁻¹ (n' − c(y)) / unit²
 *
 * with c(y) and Σ of natural states of the target (`natural-states.ts`). Rows of all sources share one call.
 */
import { invariant } from "../errors.js";
import { matrix, row, rowRange, subtract, type Matrix } from "../numeric/matrix.js";
import { Room } from "../numeric/room.js";
import { axpy, f32, i32, sum } from "../numeric/vector.js";
import { continueRows, differentiateRows, type CallOptions } from "./continuation-calls.js";
import { carry, linearise, type LinearisedRows } from "./linearised.js";
import { accumulateGradient, coordinatesOf, patchStates } from "./interchange.js";
import type { End } from "./interchange.js";
import type { LearningModel, LearningPairs, LearningSplit, LearningTarget } from "./learner.js";
import { squaredDistances } from "./naturalness.js";
import { inTurn } from "./together.js";

/** Which pairs of a split to look at. */
export interface Batch {
  readonly split: LearningSplit;
  readonly pairs: LearningPairs;
  /** Indices into `pairs`. */
  readonly chosen: Int32Array;
}

/** One target with all its sources: rows of source 0, then of source 1. */
interface TargetRows {
  /** Which model it is. */
  readonly t: number;
  readonly states: LearningModel["states"];
  readonly target: LearningTarget;
  readonly subspace: Matrix;
  /** One per source; each holds its part of `difference`. */
  readonly blocks: readonly { source: End; target: End; difference: Matrix; model: number }[];
  /** D of all rows, `[row, k]`. */
  readonly difference: Matrix;
  /** `[row]`. */
  readonly items: Int32Array;
  readonly groups: Int32Array;
  readonly labels: Int32Array;
  /** h', `[row, dModel]`. */
  readonly patched: Float32Array;
}

/** One model's part in a batch: an end, and its coordinates `P n`, `[pair, k]`. */
interface Coordinates {
  readonly end: End;
  readonly values: Matrix;
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
  const losses = await onTargets(point, batch, async (rows) => {
    const { continuation } = rows.target;
    const logProb = await continueRows(continuation, rows, calls);
    const own = Array.from(rows.labels, (y, r) => -f32(logProb, r * continuation.nClasses + y));
    if (naturalness === 0) return own;
    return [...own, ...penalise(rows, batch.split).map((x) => naturalness * x)];
  });
  return sum(losses.flat()) / rowCount(point, batch);
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
  /** One per target. */
  readonly rows: readonly TargetRows[];
  /** One per target; rows of source 0, then of source 1. */
  readonly answers: readonly LinearisedRows[];
}

/** Runs the pairs of a batch in all directions, forward and backward. */
export async function runBatch(point: Point, batch: Batch, calls: CallOptions): Promise<RunBatch> {
  const run = await onTargets(point, batch, async (rows) => {
    const answers = await differentiateRows(rows.target.continuation, rows, calls);
    return { rows, answers: linearise(answers, rows.patched) };
  });
  return {
    ...batch,
    subspaces: point.subspaces,
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
  const gradients = point.subspaces.map((p) => matrix(p.rows, p.cols));
  const losses: number[] = [];
  const share = 1 / rowCount(point, batch);
  for (const [i, rows] of rowsAt(point, batches).entries()) {
    const { sigma } = rows.states.normalisation;
    const scaled = SCALED.matrix(rows.items.length, rows.subspace.cols);
    scaled.data.fill(0);
    losses.push(...carryRows(rows, { batches, i, into: scaled, weight: share * sigma }));
    if (naturalness > 0) {
      const penalty = penalise(rows, batch.split, { into: scaled, weight: naturalness * share });
      losses.push(...penalty.map((x) => naturalness * x));
    }
    backpropagate(rows, scaled, gradients);
  }
  return { loss: sum(losses) * share, gradients };
}

function joinBatches(batches: readonly RunBatch[]): Batch {
  const [first] = batches;
  invariant(first !== undefined, "a batch");
  const chosen = Int32Array.from(batches.flatMap((batch) => [...batch.chosen]));
  return { split: first.split, pairs: first.pairs, chosen };
}

/** Losses of all rows of target `i` as carried from where they were run, with `weight` × their derivatives. */
function carryRows(
  { patched, blocks, subspace: { cols: d } }: TargetRows,
  parts: {
    readonly batches: readonly RunBatch[];
    readonly i: number;
    readonly into: Matrix;
    readonly weight: number;
  },
): number[] {
  const { batches, i, into, weight } = parts;
  const state = new Float64Array(d);
  const losses: number[] = [];
  let r = 0;
  for (const source of blocks.keys()) {
    for (const { chosen, answers } of batches) {
      for (let pair = 0; pair < chosen.length; pair++, r++) {
        state.set(patched.subarray(r * d, (r + 1) * d));
        const own = source * chosen.length + pair;
        losses.push(carry(at(answers, i), own, { state, weight, into, at: r }));
      }
    }
  }
  return losses;
}

/** What `ask` gives for the rows of each target; each may compute on processors of its own. */
function onTargets<T>(
  point: Point,
  batch: Batch,
  ask: (rows: TargetRows) => Promise<T>,
): Promise<readonly T[]> {
  const sources = sourceCoordinates(point, batch);
  return inTurn(targetsOf(point).map((t) => () => ask(patchTarget(point, t, { batch, sources }))));
}

/** Rows of all batches, patched at `point`, for each target. */
function rowsAt(point: Point, batches: readonly RunBatch[]): readonly TargetRows[] {
  const [only, ...others] = batches;
  if (others.length === 0 && only?.subspaces === point.subspaces) return only.rows;
  const batch = joinBatches(batches);
  const sources = sourceCoordinates(point, batch);
  return targetsOf(point).map((t) => patchTarget(point, t, { batch, sources }));
}

/** Indices of the models that can be patched. */
function targetsOf({ models }: Point): number[] {
  return [...models.keys()].filter((t) => at(models, t).target !== undefined);
}

function rowCount(point: Point, { chosen }: Batch): number {
  return point.models.length * targetsOf(point).length * chosen.length;
}

/** Coordinates of the states that a batch takes from each model: the same whichever model they are put into. */
function sourceCoordinates({ models, subspaces }: Point, batch: Batch): Coordinates[] {
  const items = batch.chosen.map((pair) => i32(batch.pairs.source, pair));
  return models.map(({ states }, s) => coordinatesIn(at(subspaces, s), states, items));
}

function coordinatesIn(
  subspace: Matrix,
  { normalised }: LearningModel["states"],
  items: Int32Array,
): Coordinates {
  const end = { subspace, normalised, items };
  return { end, values: coordinatesOf(end) };
}

function patchTarget(
  { models, subspaces }: Point,
  t: number,
  { batch, sources }: { readonly batch: Batch; readonly sources: readonly Coordinates[] },
): TargetRows {
  const { states, target: answering } = at(models, t);
  invariant(answering !== undefined, `model ${t} is a target`);
  const subspace = at(subspaces, t);
  const targets = batch.chosen.map((pair) => i32(batch.pairs.target, pair));
  const own = coordinatesIn(subspace, states, targets);
  const n = targets.length;
  const difference = matrix(sources.length * n, subspace.rows);
  const blocks = sources.map(({ end, values }, model) => {
    const part = rowRange(difference, model * n, (model + 1) * n);
    part.data.set(subtract(values, own.values).data);
    return { source: end, target: own.end, difference: part, model };
  });
  const items = repeat(targets, blocks.length);
  const { raw, normalisation } = states;
  const perPair = (values: Int32Array): Int32Array =>
    repeat(
      batch.chosen.map((pair) => i32(values, pair)),
      blocks.length,
    );
  return {
    t,
    states,
    target: answering,
    ...{ subspace, blocks, difference, items },
    groups: perPair(batch.pairs.group),
    labels: perPair(answering.labels[batch.split]),
    patched: patchStates(
      { raw, sigma: normalisation.sigma, target: { subspace, items } },
      difference,
    ),
  };
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

/** Adds dL/dP of each model to `gradients`, given g = σ_t dL/dh' of the rows of target `t`. */
function backpropagate(
  { t, blocks }: TargetRows,
  scaled: Matrix,
  gradients: readonly Matrix[],
): void {
  blocks.forEach((block, b) => {
    const n = block.difference.rows;
    accumulateGradient(block, rowRange(scaled, b * n, (b + 1) * n), {
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
