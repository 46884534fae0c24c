/**
 * @file Where learning stands, and the pairs that it looks at: each direction between the models has a list of its own.
 */
import { invariant, present } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { i32, joined, sum } from "../numeric/vector.js";
import type { LearningModel, LearningPairs, LearningSplit } from "./learner.js";

/** State of all models at one moment of learning. */
export interface Point {
  readonly models: readonly LearningModel[];
  /** `[k, dModel]` each. */
  readonly subspaces: readonly Matrix[];
}

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

/** Indices of the models that can be patched. */
export function targetsOf({ models }: Pick<Point, "models">): number[] {
  return [...models.keys()].filter((t) => models[t]?.target !== undefined);
}

/** Rows of all directions of a batch. */
export function rowCount({ chosen }: Batch): number {
  const rows = sum(chosen.flat().map(({ length }) => length));
  invariant(rows > 0, "pairs and a target");
  return rows;
}

/** `values` of these pairs. */
export function ofPairs(pairs: Int32Array, values: Int32Array): Int32Array {
  return pairs.map((pair) => i32(values, pair));
}

/** All lists, one after the other. */
export function joinLists(lists: readonly Int32Array[]): Int32Array {
  return joined(lists, (length) => new Int32Array(length));
}

/** The pairs of several batches of one split, each direction's in their order. */
export function joinBatches(batches: readonly Batch[]): Batch {
  const { split, pairs, chosen } = present(batches[0], "a batch");
  const joinedOf = (i: number, source: number): Int32Array =>
    joinLists(batches.map((batch) => present(batch.chosen[i]?.[source], "direction")));
  return { split, pairs, chosen: chosen.map((lists, i) => lists.map((_, s) => joinedOf(i, s))) };
}
