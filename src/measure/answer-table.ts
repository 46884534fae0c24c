/**
 * @file The tuned model's own answer table: what it naturally answers for each joint value of the outcome's variables.
 *
 * A tuned model that inverts its answers looks as if it had lost the variable under the causal table, and transfers
 * almost perfectly under its own: then only the answers changed.
 */
import { i32 } from "../numeric/vector.js";
import type { CausalIndex } from "./causal-index.js";

/** What was found about a model's own answers. */
export type OwnTable =
  /** It answers by the causal table. */
  | { readonly kind: "causal" }
  /** One answer for everything: no table to judge by. */
  | { readonly kind: "constant"; readonly answer: number }
  /** Some groups have no train item, so their answer is unknown. */
  | { readonly kind: "incomplete"; readonly groups: readonly number[] }
  /** Another table: `[group]`, class index. */
  | { readonly kind: "own"; readonly answer: Int32Array };

/**
 * Most common natural answer per group over the `train` items.
 *
 * @param naturalClass - `[item]`, the model's natural answer.
 */
export function ownAnswerTable(
  naturalClass: Int32Array,
  train: Int32Array,
  causal: Pick<CausalIndex, "group" | "groupNames" | "answer" | "classes">,
): OwnTable {
  const { groupNames, classes } = causal;
  const counts = groupNames.map(() => new Int32Array(classes.length));
  for (const item of train) {
    const count = counts[i32(causal.group, item)];
    const answer = i32(naturalClass, item);
    if (count !== undefined) count[answer] = i32(count, answer) + 1;
  }
  const unseen = [...counts.keys()].filter((group) => counts[group]?.every((n) => n === 0));
  const answer = Int32Array.from(counts, (count, group) => mode(count, i32(causal.answer, group)));
  const seen = [...counts.keys()].filter((group) => !unseen.includes(group));
  if (seen.every((group) => i32(answer, group) === i32(causal.answer, group))) {
    return { kind: "causal" };
  }
  if (unseen.length > 0) return { kind: "incomplete", groups: unseen };
  if (new Set(answer).size === 1) return { kind: "constant", answer: i32(answer, 0) };
  return { kind: "own", answer };
}

/** Index of the largest count; a tie goes to `preferred` where it takes part, else to the first. */
function mode(count: Int32Array, preferred: number): number {
  const most = Math.max(...count);
  return count[preferred] === most ? preferred : count.indexOf(most);
}
