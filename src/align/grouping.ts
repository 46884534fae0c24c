/**
 * @file How items fall into groups: one group per joint value of the variables that the outcome depends on.
 * A natural state of a group is what a patched state of the same counterfactual should look like.
 */
import { axpy, i32, scale } from "../numeric/vector.js";
import { matrix, row, type Matrix } from "../numeric/matrix.js";

/** Groups of items under one causal model and one variable under test. */
export interface Grouping {
  /** `[item]`, group index. */
  readonly group: Int32Array;
  readonly nGroups: number;
  /** `[group]`: groups with one number differ only in the variable under test. */
  readonly contrast: Int32Array;
}

/** Means of the states of each group. */
export interface GroupMeans {
  /** `[group, dModel]`; a group without items has a row of zeros and a count of 0: never use that row. */
  readonly means: Matrix;
  /** `[group]`. */
  readonly counts: Int32Array;
}

/** Mean of `rows` `[item, dModel]` over `items`, per group. */
export function groupMeans(rows: Matrix, items: Int32Array, grouping: Grouping): GroupMeans {
  const means = matrix(grouping.nGroups, rows.cols);
  const counts = new Int32Array(grouping.nGroups);
  for (const item of items) {
    const group = i32(grouping.group, item);
    counts[group] = i32(counts, group) + 1;
    axpy(1, row(rows, item), { y: row(means, group), n: rows.cols });
  }
  counts.forEach((count, group) => {
    if (count > 0) scale(1 / count, row(means, group), rows.cols);
  });
  return { means, counts };
}

/**
 * The code of the variable under test: group means less the mean of the groups that differ only in that variable.
 * For an outcome of this variable alone these are the centred class means; with more variables it keeps
 * interactions (a state that holds only `a xor b` has no main effect of `a`). Empty groups are left out.
 *
 * @returns `[present groups, dModel]`.
 */
export function codeOf({ means, counts }: GroupMeans, grouping: Grouping): Matrix {
  const present = [...counts.keys()].filter((group) => i32(counts, group) > 0);
  const code = matrix(present.length, means.cols);
  present.forEach((group, r) => {
    const into = { y: row(code, r), n: means.cols };
    const peers = present.filter(
      (other) => i32(grouping.contrast, other) === i32(grouping.contrast, group),
    );
    axpy(1, row(means, group), into);
    for (const peer of peers) axpy(-1 / peers.length, row(means, peer), into);
  });
  return code;
}

/** Rows of `rows` at `items` less their group mean: `[items.length, dModel]`. */
export function residualsOf(
  rows: Matrix,
  items: Int32Array,
  { means, grouping }: { means: Matrix; grouping: Grouping },
): Matrix {
  const out = matrix(items.length, rows.cols);
  items.forEach((item, r) => {
    const into = { y: row(out, r), n: rows.cols };
    axpy(1, row(rows, item), into);
    axpy(-1, row(means, i32(grouping.group, item)), into);
  });
  return out;
}
