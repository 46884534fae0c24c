/**
 * @file Which part of a model needs only the token that answers: seen from the last residual downwards, everything that
 * treats tokens alike, until an attention (or anything that is not understood) mixes them. Of the last block this is all
 * but the attention itself, some four fifths of its multiplications.
 */
import type { Node, Value } from "../onnx/graph.js";
import type { TypeInference } from "../onnx/type-inference.js";
import { isFrozen } from "./frozen.js";

/** A value, and the places that need it for the answering token only. */
export interface RowUse {
  readonly value: Value;
  readonly uses: readonly Value["uses"][number][];
}

/**
 * The values at which one token can be selected instead of at `last` `[batch, token, dModel]`: `last` itself where its
 * producer is not understood. What else reads them goes on reading all tokens.
 */
export function labelRows(last: Value, types: TypeInference): RowUse[] {
  const region = new Set<Node>();
  const isWithin = (value: Value): boolean =>
    value === last || (value.uses.length > 0 && value.uses.every(({ node }) => region.has(node)));
  const order = last.graph.topologicalOrder();
  for (const node of [...order].reverse()) {
    if (node.outputs.every((value) => isWithin(value)) && isTokenwise(node, types))
      region.add(node);
  }
  if (last.producer === undefined || !region.has(last.producer)) {
    return [{ value: last, uses: [...last.uses] }];
  }
  const read = new Set([...region].flatMap(({ inputs }) => inputs));
  return [...read].flatMap((value) => {
    if (value === null || isFrozen(value)) return [];
    if (value.producer !== undefined && region.has(value.producer)) return [];
    return [{ value, uses: value.uses.filter(({ node }) => region.has(node)) }];
  });
}

const ELEMENTWISE = new Set([
  ...["Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Reciprocal", "Neg", "Abs", "Exp", "Log", "Erf"],
  ...["Sigmoid", "Tanh", "Relu", "Softplus", "Clip", "Min", "Max", "Cast", "Identity"],
]);
const PRODUCTS = new Set(["MatMul", "com.microsoft.FusedMatMul", "com.microsoft.MatMulNBits"]);
/** Of their first input along its last axis, if `axis` says nothing else; the others are weights. */
const NORMS = new Set(["LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization"]);
const ACTIVATIONS = new Set([
  ...["Gelu", "com.microsoft.Gelu", "com.microsoft.FastGelu", "com.microsoft.QuickGelu"],
  "com.microsoft.BiasGelu",
]);
const LAST_AXIS_SUMS = new Set(["ReduceMean", "ReduceSum", "ReduceL2", "ReduceMax"]);

/** Computes each `[batch, token]` of its one output from the same one of its inputs, and from constants. */
function isTokenwise(node: Node, types: TypeInference): boolean {
  const [first] = node.inputs;
  if (node.outputs.length !== 1 || first === null || first === undefined) return false;
  const shape = types.shape(node.output());
  if (shape?.length !== 3) return false;
  const isAlike = (value: Value | null): boolean => {
    const own = value === null ? undefined : types.shape(value);
    return own?.length === 3 && own[0] === shape[0] && own[1] === shape[1];
  };
  const isFirstOnly =
    isAlike(first) && node.inputs.slice(1).every((x) => x === null || isFrozen(x));
  if (PRODUCTS.has(node.op)) {
    return isFirstOnly && ["transA", "transBatchA", "transBatchB"].every((f) => !node.int(f, 0));
  }
  if (NORMS.has(node.op)) return isFirstOnly && [-1, 2].includes(node.int("axis", -1));
  if (ACTIVATIONS.has(node.op)) return isFirstOnly;
  if (LAST_AXIS_SUMS.has(node.op)) return isAlike(first) && shape[2] === 1;
  if (node.domain !== "" || !ELEMENTWISE.has(node.opType)) return false;
  return node.inputs.every((value) => {
    if (value === null || isAlike(value)) return true;
    const rank = types.shape(value)?.length;
    return isFrozen(value) && rank !== undefined && rank <= 1;
  });
}
