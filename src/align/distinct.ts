/**
 * @file Distinct states among items: at a focus word, prompts that share their beginning share their state, and
 * 300 prompts may hold about 65 states. Copies would make a covariance look better known than it is.
 */
import { row, type Matrix } from "../numeric/matrix.js";
import { f64, i32 } from "../numeric/vector.js";
import type { Grouping } from "./grouping.js";

/**
 * Two normalised states closer than this, per √dModel, are one: ten times what float32 noise of differently
 * padded batches leaves, a thousandth of the distance between states of different words.
 */
const SAME_STATE = 1e-4;

/** The first item of each distinct state, in the order of `items`; compared within groups only. */
export function distinctItems(
  normalised: Matrix,
  items: Int32Array,
  grouping: Grouping,
): Int32Array {
  const kept = new Map<number, number[]>();
  return items.filter((item) => {
    const group = i32(grouping.group, item);
    const peers = kept.get(group) ?? [];
    if (peers.some((peer) => areSame(normalised, item, peer))) return false;
    kept.set(group, [...peers, item]);
    return true;
  });
}

/** Stops at the first coordinates that differ enough: cheap, because most pairs differ at once. */
function areSame(states: Matrix, a: number, b: number): boolean {
  const bound = SAME_STATE ** 2 * states.cols;
  const x = row(states, a).offset;
  const y = row(states, b).offset;
  let distance = 0;
  for (let i = 0; i < states.cols; i++) {
    distance += (f64(states.data, x + i) - f64(states.data, y + i)) ** 2;
    if (distance > bound) return false;
  }
  return true;
}
