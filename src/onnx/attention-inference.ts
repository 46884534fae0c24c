/**
 * @file Shapes of fused attention, for graphs that keep the fused kernels. Flat layouts are `[batch, token, heads · size]`.
 */
import type { Node } from "./graph.js";
import type { SymbolicDim, SymbolicShape, TypeInference } from "./type-inference.js";

interface Question {
  readonly node: Node;
  readonly types: TypeInference;
  readonly output: number;
}

type ShapeRule = (question: Question) => SymbolicShape | undefined;

function shapeAt({ node, types }: Question, index: number): SymbolicShape | undefined {
  const value = node.inputs[index];
  return value ? types.shape(value) : undefined;
}

/** x · factor, where that is a whole number. */
function scaled(x: SymbolicDim | undefined, factor: number): number | undefined {
  return typeof x === "number" && Number.isInteger(x * factor) ? x * factor : undefined;
}

/** A flat result: batch and token of the query, and a width. */
function flat(question: Question, width: SymbolicDim | undefined): SymbolicShape | undefined {
  const [batch, token, ...rest] = shapeAt(question, 0) ?? [];
  if (batch === undefined || token === undefined || rest.length !== 1) return undefined;
  return [batch, token, width ?? question.types.fresh()];
}

/** Presents and scores stay unknown, but where a rule says otherwise. */
const first =
  (rule: ShapeRule): ShapeRule =>
  (question) =>
    question.output === 0 ? rule(question) : undefined;

/** Without keys, queries, keys and values lie side by side in input 0. */
function groupQuery(question: Question): SymbolicShape | undefined {
  const width = shapeAt(question, 0)?.at(-1);
  if (question.node.inputs[1]) return flat(question, width);
  const [heads, kvHeads] = [question.node.int("num_heads"), question.node.int("kv_num_heads")];
  return flat(question, scaled(width, heads / (heads + 2 * kvHeads)));
}

/** Keys and values by head. Without a past the runtime cannot infer their type, which is declared with their shape. */
function groupQueryPresent(question: Question): SymbolicShape | undefined {
  const { node, types, output } = question;
  if (output > 2 || node.inputs[3]) return undefined;
  const [heads, kvHeads] = [node.int("num_heads"), node.int("kv_num_heads")];
  const [batch, token, width] = groupQuery(question) ?? [];
  if (batch === undefined || token === undefined) return undefined;
  return [batch, kvHeads, token, scaled(width, 1 / heads) ?? types.fresh()];
}

function multiHead(question: Question): SymbolicShape | undefined {
  const value = shapeAt(question, 2);
  const isByHead = value?.length === 4;
  const heads = question.node.int("num_heads");
  return flat(question, isByHead ? scaled(value.at(-1), heads) : value?.at(-1));
}

function packed(question: Question): SymbolicShape | undefined {
  const own = question.node.ints("qkv_hidden_sizes", [])[2];
  return flat(question, own ?? scaled(shapeAt(question, 1)?.at(-1), 1 / 3));
}

function onnx(question: Question): SymbolicShape | undefined {
  const { node, types } = question;
  const query = shapeAt(question, 0);
  const value = shapeAt(question, 2)?.at(-1);
  if (query?.length === 4) return [...query.slice(0, 3), value ?? types.fresh()];
  return flat(question, scaled(value, node.int("q_num_heads") / node.int("kv_num_heads")));
}

/** Shapes of attention operators. */
export const ATTENTION_SHAPE_RULES: Readonly<Record<string, ShapeRule>> = {
  GroupQueryAttention: (question) =>
    question.output === 0 ? groupQuery(question) : groupQueryPresent(question),
  MultiHeadAttention: first(multiHead),
  Attention: first((question) => (question.node.domain === "" ? onnx(question) : packed(question))),
};
