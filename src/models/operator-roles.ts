/**
 * @file What operators mean to someone who looks for a transformer: which inputs carry data, which operators multiply
 * by weights, attend, normalise, or forbid an audit. Tables only; the forms are those of real exports.
 */
import type { Carries } from "../onnx/dominance.js";
import type { Node } from "../onnx/graph.js";

/** Operators whose outputs tell a shape, a truth value or an index, and no longer the data. */
const NO_DATA = new Set([
  ...["Shape", "Size", "ConstantOfShape", "NonZero", "Range", "ArgMax", "ArgMin"],
  ...["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"],
  ...["And", "Or", "Not", "Xor", "IsNaN", "IsInf"],
]);

/** Operators of which only some inputs are data; the others are shapes, axes, indices, conditions or types. */
const DATA_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [0],
  Expand: [0],
  Slice: [0],
  Squeeze: [0],
  Unsqueeze: [0],
  Tile: [0],
  CastLike: [0],
  Gather: [0],
  GatherElements: [0],
  GatherND: [0],
  Where: [1, 2],
};

/** Which inputs carry data, for {@link findDominance}. */
export const carriesData: Carries = (node, index) =>
  !NO_DATA.has(node.opType) && (DATA_INPUTS[node.opType]?.includes(index) ?? true);

const MATMUL_LIKE = new Set([
  ...["MatMul", "Gemm", "Einsum"],
  ...["FusedMatMul", "MatMulNBits", "MatMulBnb4", "GemmFastGelu", "FusedGemm"],
  ...["MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QLinearMatMul"],
]);

const FUSED_ATTENTION = new Set([
  ...["Attention", "MultiHeadAttention", "GroupQueryAttention", "PagedAttention"],
  ...["DecoderMaskedMultiHeadAttention", "DecoderMaskedSelfAttention", "SparseAttention"],
  ...["PackedAttention", "PackedMultiHeadAttention", "QAttention", "LinearAttention"],
]);

const NORMS = new Set([
  ...["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"],
  ...["GroupNormalization", "InstanceNormalization"],
]);

/** Does the node multiply its data by a matrix? */
export function isMatMulLike(node: Node): boolean {
  return MATMUL_LIKE.has(node.opType);
}

/** Is the node a whole attention in one operator? */
export function isFusedAttention(node: Node): boolean {
  return FUSED_ATTENTION.has(node.opType);
}

/** Do these nodes normalise: a fused norm, or the root mean square spelled out? */
export function containsNorm(nodes: readonly Node[]): boolean {
  const ops = new Set(nodes.map((node) => node.opType));
  return nodes.some((node) => NORMS.has(node.opType)) || (ops.has("ReduceMean") && ops.has("Sqrt"));
}

/** Why an operator on the way from the embedding to the logits forbids an audit. */
export interface Refusal {
  readonly code: string;
  readonly kind: string;
  readonly hint: string;
}

const CONTROL_FLOW: Refusal = {
  code: "CONTROL_FLOW",
  kind: "control flow that depends on the data (as in a mixture of experts)",
  hint: "mixtures of experts and data-dependent loops have no exact gradient here; audit a dense model",
};

const DYNAMIC_QUANTISATION: Refusal = {
  code: "DYNAMIC_QUANTISATION",
  kind: "dynamically quantised activations",
  hint: "rounding has no useful gradient; use the float32, float16 or a weight-only quantised (q4) file of this model",
};

/** Operators that end the search when the data of the embedding runs into them. */
export const REFUSED_OPERATORS: Readonly<Record<string, Refusal>> = {
  TopK: CONTROL_FLOW,
  NonZero: CONTROL_FLOW,
  Loop: CONTROL_FLOW,
  Scan: CONTROL_FLOW,
  If: CONTROL_FLOW,
  MoE: CONTROL_FLOW,
  QMoE: CONTROL_FLOW,
  DynamicQuantizeLinear: DYNAMIC_QUANTISATION,
  DynamicQuantizeMatMul: DYNAMIC_QUANTISATION,
  MatMulInteger: DYNAMIC_QUANTISATION,
  MatMulIntegerToFloat: DYNAMIC_QUANTISATION,
  QLinearMatMul: DYNAMIC_QUANTISATION,
  PagedAttention: {
    code: "PAGED_ATTENTION",
    kind: "paged attention over ragged tokens",
    hint: "build the model without paged attention",
  },
};
