/** @file The states that a batch puts into each target, made by the same tensors that are differentiated later. */
import type { Matrix } from "../../numeric/matrix.js";
import { f32, i32 } from "../../numeric/vector.js";
import type { PatchedRows } from "../continuation-calls.js";
import type { LearningModel } from "../learner.js";
import { joinLists, ofPairs, type Batch } from "../batch.js";
import {
  answeringModels,
  directionsInto,
  type Answering,
  type DirectionRows,
} from "./directions.js";
import { exchange, type Exchanged } from "./exchange.js";
import type { Operations, Tensor } from "./operations.js";
import { penalty } from "./penalty.js";
import { numbersOf, tableOf, tensorOf, tidied, type Table } from "./table.js";

/** One target and what it is patched with: rows of source 0, then of source 1. */
export interface PatchedTarget extends PatchedRows {
  readonly answering: Answering;
  readonly labels: Int32Array;
  /** One per source. */
  readonly directions: readonly PatchedDirection[];
}

interface PatchedDirection {
  /** n' − n_t, `[pair, dModel]`. */
  readonly change: Table;
  /** Penalty of each pair, in squared units; empty where naturalness counts for nothing. */
  readonly penalties: readonly number[];
}

/** What does not change while learning. */
export interface Problem {
  readonly models: readonly LearningModel[];
  /** λ, weight of naturalness beside the cross-entropy. */
  readonly naturalness: number;
}

/** Where the subspaces are. */
export interface Place extends Problem {
  /** `[k, dModel]` each. */
  readonly subspaces: readonly Matrix[];
}

/** Patches the pairs of a batch in all directions. */
export function patchTargets(tf: Operations, place: Place, batch: Batch): PatchedTarget[] {
  return answeringModels(place.models).map((answering) => {
    const rows = directionsInto(answering, batch, place);
    const directions = rows.map((each) => patchDirection(tf, each, place));
    const ofRows = (values: Int32Array): Int32Array =>
      joinLists(rows.map(({ chosen }) => ofPairs(chosen, values)));
    const items = ofRows(batch.pairs.target);
    return {
      ...{ answering, directions, items },
      labels: ofRows(answering.target.labels[batch.split]),
      patched: patchedStates(answering, items, directions),
    };
  });
}

/** The exchange of one direction at these subspaces. */
export function exchanged(
  tf: Operations,
  { source, target, sourceStates, targetStates }: DirectionRows,
  subspaceOf: (model: number) => Tensor,
): Exchanged {
  return exchange(tf, {
    source: { subspace: subspaceOf(source), states: sourceStates },
    target: { subspace: subspaceOf(target), states: targetStates },
  });
}

function patchDirection(
  tf: Operations,
  rows: DirectionRows,
  { subspaces }: Place,
): PatchedDirection {
  return tidied(tf, () => {
    const points = subspaces.map((p) => tensorOf(tf, tableOf(p)));
    const made = exchanged(tf, rows, (model) => points[model] as Tensor); // one point per model
    const { rows: n, cols } = rows.targetStates;
    return {
      change: { rows: n, cols, values: numbersOf(made.change) },
      penalties: rows.natural === undefined ? [] : [...numbersOf(penalty(tf, rows.natural, made))],
    };
  });
}

/** `h' = h_t + σ_t · change`, `[row, dModel]`. */
function patchedStates(
  { model: { states } }: Answering,
  items: Int32Array,
  directions: readonly PatchedDirection[],
): Float32Array {
  const { raw, dModel, normalisation } = states;
  const out = new Float32Array(items.length * dModel);
  let at = 0;
  for (const { change } of directions) {
    for (let from = 0; from < change.rows * dModel; at++, from++) {
      const state = i32(items, Math.floor(at / dModel)) * dModel + (at % dModel);
      out[at] = f32(raw, state) + normalisation.sigma * f32(change.values, from);
    }
  }
  return out;
}
