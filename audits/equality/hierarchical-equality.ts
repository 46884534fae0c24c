/**
 * @file Hierarchical equality: of four vectors W, X, Y, Z, is W = X just where Y = Z? The two inner comparisons are the
 * variables; the answer, whether they agree, says nothing about either alone.
 */
import { PlanError } from "../../src/errors.js";
import type { FeatureTask } from "../../src/plan/feature-task.js";
import type { TaskState } from "../../src/plan/sequence-task.js";
import type { Stream } from "../../src/stats/stream.js";

/** Numbers of one vector. */
const SIZE = 4;
/** Numbers are whole multiples of 1 / `STEPS` in [−1, 1]: two decimals. */
const STEPS = 100;

/** Variables in the order of their pairs of vectors. */
const VARIABLES = ["left", "right"] as const;

/**
 * `left` is 1 where W = X and `right` is 1 where Y = Z, else 0: each a fair draw, so that the answer is one too.
 * Features `[feature]` are W, X, Y and Z one after the other.
 */
export const hierarchicalEquality: FeatureTask = {
  id: "hierarchical-equality",
  title: "Whether two pairs of vectors are both equal or both unequal",
  references: [
    "Geiger, Carstensen, Frank and Potts (2023). Relational reasoning and generalization using nonsymbolic neural networks. Psychological Review. arXiv:2006.07968.",
    "Geiger, Wu, Potts, Icard and Goodman (2024). Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations. CLeaR. arXiv:2303.02536.",
  ],
  width: 2 * VARIABLES.length * SIZE,
  classes: ["false", "true"],
  variables: VARIABLES,
  sample: (random) => {
    const pairs = VARIABLES.map((name) => ({ name, ...drawPair(random) }));
    return {
      features: Float32Array.from(pairs.flatMap(({ vectors }) => vectors)),
      values: Object.fromEntries(pairs.map(({ name, equal }) => [name, equal])),
    };
  },
  outcome: (values) => (truthOf(values, "left") === truthOf(values, "right") ? 1 : 0),
};

/** Two vectors, one after the other, and whether they are equal. */
function drawPair(random: Stream): { readonly vectors: readonly number[]; readonly equal: 0 | 1 } {
  const first = drawVector(random);
  if (random.int(2) === 1) return { vectors: [...first, ...first], equal: 1 };
  let second = drawVector(random);
  // the draw that says "unequal" is kept, and one that happens to be equal is not: one in 201^4
  while (second.every((value, i) => value === first[i])) second = drawVector(random);
  return { vectors: [...first, ...second], equal: 0 };
}

function drawVector(random: Stream): readonly number[] {
  return Array.from({ length: SIZE }, () => (random.int(2 * STEPS + 1) - STEPS) / STEPS);
}

/** @throws {@link PlanError} unless the value is 0 or 1. */
function truthOf(values: TaskState, name: string): number {
  const value = values[name];
  if (value === 0 || value === 1) return value;
  throw new PlanError(`hierarchical-equality: variable "${name}" has no possible value`, {
    code: "TASK_VALUE",
    expected: "0 (unequal) or 1 (equal)",
    found: value === undefined ? "no value" : String(value),
  });
}
