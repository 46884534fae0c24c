/**
 * @file Shapes of fused attention, for graphs that keep the fused kernels. Flat layouts are `[batch, token, heads · size]`.
 */
import type { InferenceCase } from "./inference-rules.js";
import type { SymbolicDim, SymbolicShape } from "./type-inference.js";

type ShapeRule = (question: InferenceCase) => SymbolicShape | undefined;

function shapeAt({ node, types }: InferenceCase, index: number): SymbolicShape | undefined {
  const value = node.inputs[index];
  return value ? types.shape(value) : undefined;
}

/** x · times / over, where that is a whole number. */
function scaled(
  x: SymbolicDim | undefined,
  { times = 1, over = 1 }: { readonly times?: number; readonly over?: number },
): number | undefined {
  if (typeof x !== "number") return undefined;
  const size = (x * times) / over; // in this order: x · (1 / over) is not whole for every multiple of over
  return Number.isInteger(size) ? size : undefined;
}

/** A flat result: batch and token of the query, and a width. */
function flat(question: InferenceCase, width: SymbolicDim | undefined): SymbolicShape | undefined {
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
function groupQuery(question: InferenceCase): SymbolicShape | undefined {
  const width = shapeAt(question, 0)?.at(-1);
  if (question.node.inputs[1]) return flat(question, width);
  const [heads, kvHeads] = [question.node.int("num_heads"), question.node.int("kv_num_heads")];
  return flat(question, scaled(width, { times: heads, over: heads + 2 * kvHeads }));
}

/** Keys and values by head. Without a past the runtime cannot infer their type, which is declared with their shape. */
function groupQueryPresent(question: InferenceCase): SymbolicShape | undefined {
  const { node, types, output } = question;
  if (output > 2 || node.inputs[3]) return undefined;
  const [heads, kvHeads] = [node.int("num_heads"), node.int("kv_num_heads")];
  const [batch, token, width] = groupQuery(question) ?? [];
  if (batch === undefined || token === undefined) return undefined;
  return [batch, kvHeads, token, scaled(width, { over: heads }) ?? types.fresh()];
}

function multiHead(question: InferenceCase): SymbolicShape | undefined {
  const value = shapeAt(question, 2);
  const isByHead = value?.length === 4;
  const heads = question.node.int("num_heads");
  return flat(question, isByHead ? scaled(value.at(-1), { times: heads }) : value?.at(-1));
}

function packed(question: InferenceCase): SymbolicShape | undefined {
  const own = question.node.ints("qkv_hidden_sizes", [])[2];
  return flat(question, own ?? scaled(shapeAt(question, 1)?.at(-1), { over: 3 }));
}

function onnx(question: InferenceCase): SymbolicShape | undefined {
  const { node, types } = question;
  const query = shapeAt(question, 0);
  const value = shapeAt(question, 2)?.at(-1);
  if (query?.length === 4) return [...query.slice(0, 3), value ?? types.fresh()];
  if (query?.length !== 3) return undefined; // only flat layouts have to say how many heads there are
  const [heads, kvHeads] = [node.int("q_num_heads"), node.int("kv_num_heads")];
  return flat(question, scaled(value, { times: heads, over: kvHeads }));
}

/** Shapes of attention operators. */
export const ATTENTION_SHAPE_RULES: Readonly<Record<string, ShapeRule>> = {
  GroupQueryAttention: (question) =>
    question.output === 0 ? groupQuery(question) : groupQueryPresent(question),
  MultiHeadAttention: first(multiHead),
  Attention: first((question) => (question.node.domain === "" ? onnx(question) : packed(question))),
};
