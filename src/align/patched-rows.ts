/**
 * @file The rows of a batch, patched, and the way back from them to every subspace. With c_i = P n_i of an item, a row
 * that takes from item s what it puts into item t has
 *
 *     D = c_s − c_t,   dL/dc_s = q,   dL/dc_t = −q,   dL/dP = Σ over items (dL/dc_i) n_iᵀ + Σ over rows D gᵀ
 *
 * (`interchange.ts`): a model's items are multiplied with P once on the way there and once on the way back, however many
 * rows of whatever direction have them.
 */
import { invariant } from "../errors.js";
import {
  matrix,
  multiplyTransposed,
  row,
  transposedMultiply,
  type Matrix,
} from "../numeric/matrix.js";
import { axpy, i32 } from "../numeric/vector.js";
import { joinLists, ofPairs, targetsOf, type Batch, type Point } from "./batch.js";
import { addOuterOfItems, coordinatesOfItems, patchStates } from "./interchange.js";
import { shareLists } from "./item-rows.js";
import type { LearningModel, LearningTarget } from "./learner.js";

/** What a batch takes of one model, each item once. */
export interface ModelItems {
  /** `[place]`, item. */
  readonly distinct: Int32Array;
  /** `P n`, `[place, k]`. */
  readonly coordinates: Matrix;
  /** `[target][row]`, places of the items that this model gives to a target. */
  readonly given: readonly Int32Array[];
  /** `[row]`, places of the items of this model that are patched, whichever model gives; empty where it is no target. */
  readonly patched: Int32Array;
}

/** One target with all its sources: rows of source 0, then of source 1. */
export interface TargetRows {
  /** Which target, and which model it is. */
  readonly i: number;
  readonly t: number;
  readonly states: LearningModel["states"];
  readonly target: LearningTarget;
  readonly subspace: Matrix;
  /** D, `[row, k]`. */
  readonly difference: Matrix;
  /** `[row]`. */
  readonly items: Int32Array;
  readonly groups: Int32Array;
  readonly labels: Int32Array;
  /** h', `[row, dModel]`. */
  readonly patched: Float32Array;
}

/** What the rows of a batch take of each model. */
export function takeItems({ models, subspaces }: Point, batch: Batch): readonly ModelItems[] {
  const targets = targetsOf({ models });
  return models.map(({ states: { normalised } }, m) => {
    const own = targets.indexOf(m);
    const given = batch.chosen.map((lists) => ofPairs(at(lists, m), batch.pairs.source));
    const patched = own < 0 ? new Int32Array(0) : ofRows(at(batch.chosen, own), batch.pairs.target);
    const { distinct, places } = shareLists([...given, patched]);
    const coordinates = coordinatesOfItems({ subspace: at(subspaces, m), normalised }, distinct);
    return {
      distinct,
      coordinates,
      given: places.slice(0, -1),
      patched: at(places, targets.length),
    };
  });
}

/** Target `i` of the point with the rows of all its sources. */
export function patchTarget(
  { models, subspaces }: Point,
  i: number,
  { batch, taken }: { readonly batch: Batch; readonly taken: readonly ModelItems[] },
): TargetRows {
  const t = at(targetsOf({ models }), i);
  const { states, target } = at(models, t);
  invariant(target !== undefined, `model ${t} is a target`);
  const subspace = at(subspaces, t);
  const perRow = (values: Int32Array): Int32Array => ofRows(at(batch.chosen, i), values);
  const items = perRow(batch.pairs.target);
  const difference = matrix(items.length, subspace.rows);
  const own = at(taken, t).coordinates;
  eachRow(taken, { i, t }, (r, from, place) => {
    const into = { y: row(difference, r), n: subspace.rows };
    axpy(1, row(at(taken, from.model).coordinates, from.place), into);
    axpy(-1, row(own, place), into);
  });
  const { raw, normalisation } = states;
  return {
    ...{ i, t, states, target, subspace, difference, items },
    groups: perRow(batch.pairs.group),
    labels: perRow(target.labels[batch.split]),
    patched: patchStates(
      { raw, sigma: normalisation.sigma, target: { subspace, items } },
      difference,
    ),
  };
}

/** dL/dP of every model, from targets that come one after the other. */
export interface Gradients {
  /** Adds what the rows of one target say: g = σ_t dL/dh', `[row, dModel]`. */
  add(rows: TargetRows, scaledGradient: Matrix): void;
  /** `[k, dModel]` of each model. Ends it. */
  sum(): readonly Matrix[];
}

/** A fresh sum. */
export function openGradients(
  { models, subspaces }: Point,
  taken: readonly ModelItems[],
): Gradients {
  const gradients = subspaces.map((p) => matrix(p.rows, p.cols));
  const slopes = taken.map(({ coordinates: c }) => matrix(c.rows, c.cols)); // dL/dc
  return {
    add(rows, scaledGradient) {
      const { t, subspace, difference } = rows;
      const q = multiplyTransposed(scaledGradient, subspace);
      const own = at(slopes, t);
      eachRow(taken, rows, (r, from, place) => {
        axpy(1, row(q, r), { y: row(at(slopes, from.model), from.place), n: q.cols });
        axpy(-1, row(q, r), { y: row(own, place), n: q.cols });
      });
      transposedMultiply(difference, scaledGradient, at(gradients, t));
    },
    sum() {
      models.forEach(({ states: { normalised } }, m) => {
        const { distinct } = at(taken, m);
        addOuterOfItems(at(slopes, m), { normalised, distinct }, at(gradients, m));
      });
      return gradients;
    },
  };
}

/** Each row of a target: the model and place that it takes from, and the place in the target's own items. */
function eachRow(
  taken: readonly ModelItems[],
  { i, t }: Pick<TargetRows, "i" | "t">,
  visit: (r: number, from: { readonly model: number; readonly place: number }, own: number) => void,
): void {
  const { patched } = at(taken, t);
  let r = 0;
  for (const [model, { given }] of taken.entries()) {
    for (const place of at(given, i)) {
      visit(r, { model, place }, i32(patched, r));
      r++;
    }
  }
}

/** `values` of the pairs of all sources of a target, one source after the other. */
function ofRows(lists: readonly Int32Array[], values: Int32Array): Int32Array {
  return joinLists(lists.map((list) => ofPairs(list, values)));
}

function at<T>(list: readonly T[], i: number): T {
  return list[i] as T; // models, targets and lists are indexed by their own keys
}
