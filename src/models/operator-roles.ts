/**
 * @file What operators mean to someone who looks for a transformer: which inputs carry data, which operators multiply
 * by weights, attend or normalise. Tables only; the forms are those of real exports.
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

/** Is the node a whole norm in one operator? */
export function isFusedNorm(node: Node): boolean {
  return NORMS.has(node.opType);
}

/** Is the node the root of a norm that is spelled out: Sqrt(mean of squares + ε)? */
export function isDecomposedNorm(node: Node): boolean {
  const sum = node.opType === "Sqrt" ? node.inputs[0]?.producer : undefined;
  return sum?.inputs.some((value) => value?.producer?.opType === "ReduceMean") === true;
}

/** Do these nodes normalise: a fused norm, or the root mean square spelled out? */
export function containsNorm(nodes: readonly Node[]): boolean {
  const ops = new Set(nodes.map((node) => node.opType));
  return nodes.some(isFusedNorm) || (ops.has("ReduceMean") && ops.has("Sqrt"));
}
