/**
 * @file A head by quantised weights, narrowed to the answer tokens: only their rows are made float. The numbers are those
 * of the whole head, token by token.
 */
import { Builder } from "../onnx/builder.js";
import type { Node, Value } from "../onnx/graph.js";
import { dequantisedRows, NBITS_INPUTS, packedWeight, paddedColumns } from "../onnx/nbits.js";
import { isFloat } from "../onnx/tensor.js";
import type { TypeInference } from "../onnx/type-inference.js";
import { sameOperator } from "./same-operator.js";

/** Part of an answer head that narrowing a weight needs. */
interface NarrowedRows {
  readonly b: Builder;
  readonly types: TypeInference;
  /** int64 `[answer]` */
  readonly answerIds: Value;
  readonly vocab: number;
}

/**
 * MatMulNBits(x, W) → x · W[answers]ᵀ + bias[answers]. `[…, dModel]` → `[…, answer]`; `undefined` where the product is not
 * by the whole vocabulary.
 */
export function narrowPackedProduct(
  { b, types, answerIds, vocab }: NarrowedRows,
  node: Node,
): Value | undefined {
  const zeroPoints = node.inputs[NBITS_INPUTS.zeroPoints] ?? undefined;
  const weight = packedWeight(node, {
    packed: node.input(NBITS_INPUTS.packed),
    scales: node.input(NBITS_INPUTS.scales),
    zeroPoints,
    hasFloatZeroPoints: zeroPoints !== undefined && isFloat(types.dtype(zeroPoints)),
  });
  if (weight.n !== vocab) return undefined;
  const rows = dequantisedRows(b, weight, { rows: answerIds });
  const columns = b.op("Transpose", [rows], { perm: [1n, 0n] });
  const exact =
    paddedColumns(weight) === weight.k
      ? columns
      : b.op("Slice", [columns, b.ints([0]), b.ints([weight.k]), b.ints([0])]);
  const product = b.op("MatMul", [node.input(NBITS_INPUTS.data), exact]);
  const bias = node.inputs[NBITS_INPUTS.bias];
  return bias ? b.op("Add", [product, b.op("Gather", [bias, answerIds], { axis: 0n })]) : product;
}

/** Element types that can be gathered as they are; those below a byte cannot. */
const GATHERABLE: ReadonlySet<string | undefined> = new Set(["int8", "uint8", "int16", "uint16"]);

/**
 * DequantizeLinear(Q, scale, zero) → the same on the answers' slices of Q along `axis`, and of scale and zero where they
 * run along it. `undefined` for other nodes, and where the answers would have to be cut out of blocks or half bytes.
 */
export function narrowDequantised(
  { b, types, answerIds }: NarrowedRows,
  node: Node,
  axis: number,
): Value | undefined {
  if (node.op !== "DequantizeLinear" || !GATHERABLE.has(types.knownDtype(node.input(0))))
    return undefined;
  const rank = types.shape(node.input(0))?.length;
  const scaleRank = types.shape(node.input(1))?.length;
  if (rank !== 2 || scaleRank === undefined) return undefined;
  const own = (node.int("axis", 1) + rank) % rank;
  const isBlocked = scaleRank === rank;
  if (isBlocked && own === axis) return undefined;
  const gather = (value: Value, along: number): Value =>
    b.op("Gather", [value, answerIds], { axis: BigInt(along) });
  const runsAlong = isBlocked || (scaleRank === 1 && own === axis);
  const parameter = (value: Value | null): Value | null =>
    value === null || !runsAlong ? value : gather(value, isBlocked ? axis : 0);
  const inputs = [gather(node.input(0), axis), ...node.inputs.slice(1).map(parameter)];
  return sameOperator(b, node, inputs);
}
