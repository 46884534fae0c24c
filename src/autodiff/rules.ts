/**
 * @file The derivative table: every operator that a gradient may flow through. Families stand in `rules/`, in rising
 * difficulty; `no-gradient.ts` lists the operators that end a gradient.
 */
import { defineRules, type Rule } from "./rule.js";
import { ACTIVATION_RULES } from "./rules/activation.js";
import { ELEMENTWISE_RULES } from "./rules/elementwise.js";
import { INDEXING_RULES } from "./rules/indexing.js";
import { MATMUL_RULES } from "./rules/matmul.js";
import { MOVEMENT_RULES } from "./rules/movement.js";
import { NORMALISATION_RULES } from "./rules/normalisation.js";
import { QUANTISED_RULES } from "./rules/quantised.js";
import { REDUCTION_RULES } from "./rules/reduction.js";
import { ROTATION_RULES } from "./rules/rotation.js";
import { SLICING_RULES } from "./rules/slicing.js";
import { SOFTMAX_RULES } from "./rules/softmax.js";

const ROWS = defineRules([
  ...ELEMENTWISE_RULES,
  ...ACTIVATION_RULES,
  ...MATMUL_RULES,
  ...QUANTISED_RULES,
  ...REDUCTION_RULES,
  ...MOVEMENT_RULES,
  ...SLICING_RULES,
  ...INDEXING_RULES,
  ...ROTATION_RULES,
  ...NORMALISATION_RULES,
  ...SOFTMAX_RULES,
]);

/** Rules by operator. */
export const RULES: ReadonlyMap<string, Rule> = new Map(ROWS.map((rule) => [rule.op, rule]));
