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
  /** Indices into `pairs`, `[target][source]`, all of one length: each direction may have pairs of its own. */
  readonly chosen: readonly (readonly Int32Array[])[];
}

/** Those pairs in every direction between the models. */
export function inEveryDirection(
  models: readonly LearningModel[],
  chosen: Int32Array,
): Batch["chosen"] {
  return dealPairs(models, Array<Int32Array>(countDirections(models)).fill(chosen));
}

/** One list of pairs for each direction, in any order. */
export function dealPairs(
  models: readonly LearningModel[],
  lists: readonly Int32Array[],
): Batch["chosen"] {
  invariant(lists.length === countDirections(models), "a list of pairs for each direction");
  return targetsOf({ models }).map((_, i) =>
    lists.slice(i * models.length, (i + 1) * models.length),
  );
}

/** From every model into every target. */
export function countDirections(models: readonly LearningModel[]): number {
  return models.length * targetsOf({ models }).length;
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
  const share = 1 / rowCount(batch);
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
  const chosen = first.chosen.map((lists, i) =>
    lists.map((_, source) =>
      Int32Array.from(batches.flatMap((batch) => [...at(at(batch.chosen, i), source)])),
    ),
  );
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
  batch: Batch,
  ask: (rows: TargetRows) => Promise<T>,
): Promise<readonly T[]> {
  return inTurn(targetsOf(point).map((_, i) => () => ask(patchTarget(point, i, batch))));
}

/** Rows of all batches, patched at `point`, for each target. */
function rowsAt(point: Point, batches: readonly RunBatch[]): readonly TargetRows[] {
  const [only, ...others] = batches;
  if (others.length === 0 && only?.subspaces === point.subspaces) return only.rows;
  const batch = joinBatches(batches);
  return targetsOf(point).map((_, i) => patchTarget(point, i, batch));
}

/** Indices of the models that can be patched. */
function targetsOf({ models }: Pick<Point, "models">): number[] {
  return [...models.keys()].filter((t) => at(models, t).target !== undefined);
}

/** Rows of all directions of a batch. */
export function rowCount({ chosen }: Batch): number {
  const rows = sum(chosen.flat().map(({ length }) => length));
  invariant(rows > 0, "pairs and a target");
  return rows;
}

/** Target `i` of the point with the rows of all its sources. */
function patchTarget({ models, subspaces }: Point, i: number, batch: Batch): TargetRows {
  const t = at(targetsOf({ models }), i);
  const { states, target: answering } = at(models, t);
  invariant(answering !== undefined, `model ${t} is a target`);
  const lists = at(batch.chosen, i);
  const subspace = at(subspaces, t);
  const n = at(lists, 0).length;
  const difference = matrix(models.length * n, subspace.rows);
  const blocks = models.map((from, model) => {
    const take = (values: Int32Array): Int32Array => ofPairs(at(lists, model), values);
    const source = endOf(at(subspaces, model), from.states, take(batch.pairs.source));
    const target = endOf(subspace, states, take(batch.pairs.target));
    const part = rowRange(difference, model * n, (model + 1) * n);
    part.data.set(subtract(coordinatesOf(source), coordinatesOf(target)).data);
    return { source, target, difference: part, model };
  });
  const perRow = (values: Int32Array): Int32Array =>
    Int32Array.from(lists.flatMap((list) => [...ofPairs(list, values)]));
  const items = perRow(batch.pairs.target);
  const { raw, normalisation } = states;
  return {
    t,
    states,
    target: answering,
    ...{ subspace, blocks, difference, items },
    groups: perRow(batch.pairs.group),
    labels: perRow(answering.labels[batch.split]),
    patched: patchStates(
      { raw, sigma: normalisation.sigma, target: { subspace, items } },
      difference,
    ),
  };
}

function endOf(subspace: Matrix, { normalised }: LearningModel["states"], items: Int32Array): End {
  return { subspace, normalised, items };
}

/** `values` of these pairs. */
export function ofPairs(pairs: Int32Array, values: Int32Array): Int32Array {
  return pairs.map((pair) => i32(values, pair));
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

function at<T>(list: readonly T[], i: number): T {
  return list[i] as T; // models and blocks are indexed by their own keys
}
