/**
 * @file Derivatives of products by packed weights.
 *
 *   Y = A · Wᵀ + bias, W = dequant(B) [N, K];   dA = dY · W
 *
 * W is made of the packed bytes when the backward pass gets there, and is gone after the product.
 */
import { isFloat } from "../../onnx/tensor.js";
import type { Value } from "../../onnx/graph.js";
import {
  dequantisedRows,
  NBITS_INPUTS,
  packedWeight,
  paddedColumns,
  UNREADABLE_FORMS,
  type PackedWeight,
} from "../../onnx/nbits.js";
import { defineRules, mustBeFrozen, noGradient, type RuleCase } from "../rule.js";

const FROZEN = mustBeFrozen("a packed weight");

function weightOf({ attributes, x, optional, b }: RuleCase): PackedWeight {
  const zeroPoints = optional(NBITS_INPUTS.zeroPoints);
  return packedWeight(attributes, {
    packed: x(NBITS_INPUTS.packed),
    scales: x(NBITS_INPUTS.scales),
    zeroPoints,
    hasFloatZeroPoints: zeroPoints !== undefined && isFloat(b.types.dtype(zeroPoints)),
  });
}

/** dA = dY · W, without the columns that pad the last block. `[…, N]` → `[…, K]` */
function dataGradient(rule: RuleCase): Value {
  const { b, dy } = rule;
  const weight = weightOf(rule);
  const w = dequantisedRows(b, weight, { after: dy });
  const product = b.matmul(dy, w);
  return paddedColumns(weight) === weight.k
    ? product
    : b.op("Slice", [product, b.ints([0]), b.ints([weight.k]), b.ints([-1])]);
}

export const QUANTISED_RULES = defineRules([
  {
    op: "com.microsoft.MatMulNBits",
    saves: ["x1", "x2", "x3"],
    refuses: ({ node }) => UNREADABLE_FORMS.find(({ is }) => is(node))?.what,
    vjp: (rule) =>
      [
        () => dataGradient(rule),
        FROZEN,
        FROZEN,
        FROZEN,
        noGradient("indices"),
        mustBeFrozen("a bias of a packed product"),
      ].slice(0, rule.nInputs),
  },
]);
