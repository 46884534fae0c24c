/** @file Pairs as columns: what a cell needs of `plan/pairs.ts`. */
import { i32 } from "../numeric/vector.js";
import type { CausalIndex } from "./causal-index.js";

/** Pairs of one split under one answer table. */
export interface PairSet {
  /** `[pair]`, item that is patched. */
  readonly target: Int32Array;
  /** `[pair]`, item whose state is used. */
  readonly source: Int32Array;
  /** `[pair]`, class index of the counterfactual answer under the table. */
  readonly label: Int32Array;
}

/** Pairs of all splits under one answer table. */
export interface TablePairs {
  /** Half of them with the same class in source and target. */
  readonly train: PairSet;
  /** Changed pairs. */
  readonly validation: PairSet;
  /** Changed pairs: the trials. */
  readonly test: PairSet;
}

/** Columns of a list of pairs. */
export function toPairSet(
  pairs: readonly { target: number; source: number; label: number }[],
): PairSet {
  return {
    target: Int32Array.from(pairs, ({ target }) => target),
    source: Int32Array.from(pairs, ({ source }) => source),
    label: Int32Array.from(pairs, ({ label }) => label),
  };
}

/** `[pair]`: the group whose natural states a patched state should look like. */
export function counterfactualGroups({ target, source }: PairSet, causal: CausalIndex): Int32Array {
  return target.map((item, pair) => {
    const value = i32(causal.value, i32(source, pair));
    return i32(causal.swapped, i32(causal.group, item) * causal.nValues + value);
  });
}
