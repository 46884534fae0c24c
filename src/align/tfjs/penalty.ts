/**
 * @file Naturalness as tensors: `(n' − c)ᵀ Σ⁻¹ (n' − c) / unit²` with `Σ⁻¹ = (I − WᵀW) / floor`. The natural states are
 * data here (`natural-states.ts` fits them once); only the subspaces are differentiated.
 */
import type { NaturalStates } from "../natural-states.js";
import { subtract, takeRows, type Matrix } from "../../numeric/matrix.js";
import type { Exchanged } from "./exchange.js";
import type { Operations, Tensor } from "./operations.js";
import { tableOf, tensorOf, type Table } from "./table.js";

/** Natural states beside the rows of one direction. */
export interface NaturalRows {
  /** n_t − c(y), `[row, dModel]`. */
  readonly departures: Table;
  /** Σ⁻¹ of them, `[row, dModel]`. */
  readonly images: Table;
  /** W, `[rank, dModel]`. */
  readonly factor: Table;
  readonly floor: number;
  /** Natural distance: the unit of the penalty. */
  readonly unit: number;
}

/** Natural states for rows that patch `items` and should look like `groups`. */
export function naturalRows(
  { natural, normalised }: { readonly natural: NaturalStates; readonly normalised: Matrix },
  {
    items,
    groups,
    unit,
  }: { readonly items: Int32Array; readonly groups: Int32Array; readonly unit: number },
): NaturalRows {
  natural.prepare(items);
  const departing = (states: Matrix, means: Matrix): Table =>
    tableOf(subtract(takeRows(states, items), takeRows(means, groups)));
  return {
    departures: departing(normalised, natural.means),
    images: departing(natural.preciseStates, natural.preciseMeans),
    factor: tableOf(natural.precision.factor),
    floor: natural.precision.floor,
    unit,
  };
}

/** Penalty of each row, `[row]`, in squared units. */
export function penalty(
  tf: Operations,
  { departures, images, unit, ...natural }: NaturalRows,
  { subspace, difference, change }: Exchanged,
): Tensor {
  const departure = tf.add(tensorOf(tf, departures), change);
  const image = tf.add(tensorOf(tf, images), tf.matMul(difference, precise(tf, subspace, natural)));
  return tf.div(tf.sum(tf.mul(departure, image), 1), unit ** 2);
}

/** P Σ⁻¹, `[k, dModel]`. */
function precise(
  tf: Operations,
  subspace: Tensor,
  { factor, floor }: Pick<NaturalRows, "factor" | "floor">,
): Tensor {
  if (factor.rows === 0) return tf.div(subspace, floor);
  const w = tensorOf(tf, factor);
  const within = tf.matMul(tf.matMul(subspace, w, false, true), w);
  return tf.div(tf.sub(subspace, within), floor);
}
