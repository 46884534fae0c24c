/**
 * @file Where tokens meet: the products in which one operand is made of keys or values of other tokens. Below such a
 * product stands the narrowest value from which the operand is rebuilt token by token; its part for tokens that do not
 * change is captured once.
 */
import { present } from "../../errors.js";
import type { Graph, Node, Value } from "../../onnx/graph.js";
import type { SymbolicShape, TypeInference } from "../../onnx/type-inference.js";
import { NotWindowable } from "./axes.js";

/** One product of two operands that both depend on the residual. */
export interface Meeting {
  readonly product: Node;
  /** The operand that holds the keys or the values: input 1. */
  readonly operand: Value;
  /** What is captured. */
  readonly cut: Value;
  /** The nodes from the cut to the operand, in this order. */
  readonly chain: readonly Node[];
}

/** Shape of a cut: `[batch, …]` with one token axis. */
export interface CutShape {
  readonly tokenAxis: number;
  /** Sizes of the axes after the batch; 0 stands for the token axis. */
  readonly sizes: readonly number[];
}

const PRODUCTS = new Set(["MatMul", "com.microsoft.FusedMatMul"]);

/** Operators that treat each token alone and only move or scale what they have. */
const CARRIERS = new Set([
  ...["Transpose", "Reshape", "Expand", "Unsqueeze", "Squeeze", "Mul", "Div", "Cast", "Concat"],
]);

/** Nodes whose data depends on `source`, in topological order, and the values that they make (and `source`). */
export function dependents(
  graph: Graph,
  source: Value,
): { readonly nodes: readonly Node[]; readonly values: ReadonlySet<Value> } {
  const values = new Set([source]);
  const nodes = graph.topologicalOrder().filter((node) => {
    if (node.opType === "Shape" || node.opType === "Size") return false;
    // the second input of CastLike tells a type only
    const data = node.opType === "CastLike" ? node.inputs.slice(0, 1) : node.inputs;
    if (!data.some((value) => value !== null && values.has(value))) return false;
    for (const output of node.outputs) values.add(output);
    return true;
  });
  return { nodes, values };
}

/** The meetings above `source`, in topological order: for each attention its scores, then its sums of values. */
export function findMeetings(graph: Graph, source: Value, types: TypeInference): Meeting[] {
  const { nodes, values } = dependents(graph, source);
  return nodes.flatMap((product) => {
    const [a, operand] = product.inputs;
    if (!PRODUCTS.has(product.op) || !a || !operand) return [];
    if (!values.has(a) || !values.has(operand)) return [];
    return [{ product, operand, ...narrowest(operand, { values, types }) }];
  });
}

/** Axes of a cut. @throws {@link NotWindowable} when it is not `[batch, …]` with one token axis and fixed others. */
export function cutShape(cut: Value, types: TypeInference): CutShape {
  const shape = asCut(types.shape(cut));
  if (shape === undefined)
    throw new NotWindowable(`"${cut.name}" has shape [${types.shape(cut)?.join(", ") ?? "?"}]`);
  return shape;
}

function asCut(shape: SymbolicShape | undefined): CutShape | undefined {
  if (typeof shape?.[0] !== "string" || !isName(shape[0])) return undefined;
  const moving = shape.flatMap((dim, i) => (i > 0 && typeof dim === "string" ? [i] : []));
  const [tokenAxis] = moving;
  if (tokenAxis === undefined || moving.length !== 1) return undefined;
  return {
    tokenAxis,
    sizes: shape.slice(1).map((dim) => (typeof dim === "number" ? dim : 0)),
  };
}

/** One symbol, and no sum, product or unknown. */
function isName(dim: string): boolean {
  return !/[ ?=]/.test(dim);
}

interface Carried {
  readonly values: ReadonlySet<Value>;
  readonly types: TypeInference;
}

/** The smallest of the values from which the operand is made token by token; of equals the one nearest to it. */
function narrowest(operand: Value, { values, types }: Carried): Pick<Meeting, "cut" | "chain"> {
  let best: { value: Value; size: number; depth: number } | undefined;
  const chain: Node[] = [];
  for (let value: Value | undefined = operand; value !== undefined;) {
    const shape = asCut(types.shape(value));
    const size = shape?.sizes.reduce((all, each) => all * (each || 1), 1);
    if (size !== undefined && (best === undefined || size < best.size))
      best = { value, size, depth: chain.length };
    const node: Node | undefined = value.producer;
    value = carriedInput(node, values);
    if (node !== undefined) chain.push(node);
  }
  if (best === undefined)
    throw new NotWindowable(
      `"${operand.name}" [${types.shape(operand)?.join(", ") ?? "?"}] has no known token axis`,
    );
  return { cut: best.value, chain: chain.slice(0, best.depth).reverse() };
}

/** The only input of a carrier that depends on the residual. */
function carriedInput(node: Node | undefined, values: ReadonlySet<Value>): Value | undefined {
  if (node === undefined || node.domain !== "" || !CARRIERS.has(node.opType)) return undefined;
  const active = node.inputs.filter((value) => value !== null && values.has(value));
  return active.length === 1 ? present(active[0], "an input") : undefined;
}
