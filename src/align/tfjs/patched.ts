/** @file The states that a batch puts into each target, made by the same tensors that are differentiated later. */
import type { Matrix } from "../../numeric/matrix.js";
import { f32 } from "../../numeric/vector.js";
import type { PatchedRows } from "../continuation-calls.js";
import type { LearningModel } from "../learner.js";
import type { Batch } from "../objective.js";
import {
  answeringModels,
  directionsInto,
  ofChosen,
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
    const directions = directionsInto(answering, batch, place).map((rows) =>
      patchDirection(tf, rows, place),
    );
    const items = ofChosen(batch, batch.pairs.target);
    const labels = ofChosen(batch, answering.target.labels[batch.split]);
    return {
      ...{ answering, directions },
      items: repeat(items, directions.length),
      labels: repeat(labels, directions.length),
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
  const out = new Float32Array(directions.length * items.length * dModel);
  let at = 0;
  for (const { change } of directions) {
    let from = 0;
    for (const item of items) {
      for (let i = item * dModel; i < (item + 1) * dModel; i++, at++, from++)
        out[at] = f32(raw, i) + normalisation.sigma * f32(change.values, from);
    }
  }
  return out;
}

function repeat(values: Int32Array, times: number): Int32Array {
  const out = new Int32Array(values.length * times);
  for (let i = 0; i < times; i++) out.set(values, i * values.length);
  return out;
}
