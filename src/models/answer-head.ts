/**
 * @file Narrows the head of a model to a few tokens: instead of all logits only those of the answer tokens are
 * computed. Only the columns of the weight that belong to them are gathered; nothing else of it is copied.
 *
 *   Cast | Tanh | Mul | Add … (x, frozen)   elementwise: the same on narrowed operands (soft cap, scale, bias, mask)
 *   Reshape(x)                              back to [batch, token, answer]
 *   MatMul | FusedMatMul | Gemm (x, W)      on the answer columns of W, which may be Transpose(W′)
 *   MatMulNBits (x, packed W)               on the answer rows of the packed weight, made float
 */
import { Builder } from "../onnx/builder.js";
import type { Node, Value } from "../onnx/graph.js";
import type { TypeInference } from "../onnx/type-inference.js";
import { isFrozen } from "./frozen.js";
import { narrowDequantised, narrowPackedProduct } from "./quantised-head.js";
import { sameOperator } from "./same-operator.js";

/** What the narrowing stands on. */
export interface AnswerHead {
  readonly b: Builder;
  readonly types: TypeInference;
  readonly logits: Value;
  /** int64 `[answer]` */
  readonly answerIds: Value;
  readonly vocab: number;
  /** A value `[batch, token, …]` with the batch and token sizes of the logits. */
  readonly like: Value;
}

/**
 * Emits the logits of the answer tokens, `[batch, token, answer]`; the weight columns of other tokens are not touched.
 * A head of another form keeps its full logits, of which the answer columns are gathered.
 */
export function answerLogits(head: AnswerHead): Value {
  return narrow(head, head.logits) ?? columns(head, head.logits, -1);
}

const ELEMENTWISE = new Set([
  ...["Identity", "Cast", "Neg", "Tanh", "Sigmoid", "Mul", "Div", "Add", "Sub", "Where", "Clip"],
  ...["Min", "Max"],
]);

function columns({ b, answerIds }: AnswerHead, value: Value, axis: number): Value {
  return b.op("Gather", [value, answerIds], { axis: BigInt(axis) });
}

function narrow(head: AnswerHead, value: Value): Value | undefined {
  const node = value.producer;
  if (node === undefined || node.outputs.length !== 1) return undefined;
  if (node.domain === "" && ELEMENTWISE.has(node.opType)) return narrowElementwise(head, node);
  if (node.op === "Reshape") return narrowReshape(head, node);
  if (node.op === "com.microsoft.MatMulNBits") return narrowPackedProduct(head, node);
  return narrowProduct(head, node);
}

function narrowElementwise(head: AnswerHead, node: Node): Value | undefined {
  const operands = node.inputs.map((value) => {
    if (value === null) return null;
    return isFrozen(value) ? narrowConstant(head, value) : narrow(head, value);
  });
  return operands.includes(undefined)
    ? undefined
    : sameOperator(head.b, node, operands as (Value | null)[]); // `undefined` is excluded just above
}

/** A scalar stands for every token; a vector over the vocabulary is narrowed; anything else is not understood. */
function narrowConstant(head: AnswerHead, value: Value): Value | undefined {
  const last = head.types.shape(value)?.at(-1);
  const isScalar = head.types.shape(value)?.length === 0 || last === 1;
  if (isScalar) return value;
  return last === head.vocab ? columns(head, value, -1) : undefined;
}

/** `[batch · token, vocab]` → `[batch, token, vocab]`, as a Gemm needs it. */
function narrowReshape(head: AnswerHead, node: Node): Value | undefined {
  const { b, types, like, vocab } = head;
  const [from, to] = [types.shape(node.input(0)), types.shape(node.output())];
  if (to?.length !== 3 || to[2] !== vocab || from?.at(-1) !== vocab) return undefined;
  const inner = narrow(head, node.input(0));
  if (inner === undefined) return undefined;
  const leading = b.op("Gather", [b.op("Shape", [like]), b.ints([0, 1])], { axis: 0n });
  const answers = b.op("Shape", [head.answerIds]);
  return b.op("Reshape", [inner, b.op("Concat", [leading, answers], { axis: 0n })]);
}

function narrowProduct(head: AnswerHead, node: Node): Value | undefined {
  const isPlain = node.op === "MatMul";
  const isFlagged = node.op === "Gemm" || node.op === "com.microsoft.FusedMatMul";
  if (!isPlain && !isFlagged) return undefined;
  const [x, weight, bias] = [node.input(0), node.input(1), node.inputs[2] ?? undefined];
  const axis = node.int("transB", 0) === 0 ? 1 : 0;
  const shape = head.types.shape(weight);
  const isHead = isFrozen(weight) && shape?.length === 2 && shape[axis] === head.vocab;
  if (!isHead || (bias !== undefined && !isFrozen(bias))) return undefined;
  const narrowedBias = bias && narrowConstant(head, bias);
  if (bias !== undefined && narrowedBias === undefined) return undefined;
  const inputs = [x, narrowWeight(head, weight, axis)];
  return sameOperator(head.b, node, narrowedBias ? [...inputs, narrowedBias] : inputs);
}

/** Answer rows or columns of a weight; a Transpose or Cast in between is done after the gathering, on few numbers. */
function narrowWeight(head: AnswerHead, weight: Value, axis: number): Value {
  const node = weight.producer;
  if (node?.op === "Transpose")
    return sameOperator(head.b, node, [narrowWeight(head, node.input(0), 1 - axis)]);
  if (node?.op === "Cast" || node?.op === "Identity")
    return sameOperator(head.b, node, [narrowWeight(head, node.input(0), axis)]);
  const narrowed = node && narrowDequantised(head, node, axis);
  return narrowed ?? columns(head, weight, axis);
}
