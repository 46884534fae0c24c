/**
 * @file Which values carry the gradient: floats that depend on `wrt` and reach the loss.
 */
import { capturedValues, type Graph, type Node, type Value } from "../onnx/graph.js";
import { isFloat } from "../onnx/tensor.js";
import type { TypeInference } from "../onnx/type-inference.js";
import { NO_GRADIENT } from "./no-gradient.js";

/** Active values, and the nodes that make them in topological order. */
export interface Activity {
  readonly values: ReadonlySet<Value>;
  readonly nodes: readonly Node[];
}

/** Finds what lies between `wrt` and `loss`. `values` is empty when the loss does not depend on `wrt`. */
export function findActive(
  graph: Graph,
  { loss, wrt, types }: { loss: Value; wrt: Value; types: TypeInference },
): Activity {
  const order = graph.topologicalOrder();
  const dependent = new Set([wrt]);
  for (const node of order) {
    if (NO_GRADIENT.has(node.op) || !reads(node, dependent)) continue;
    // an unknown type counts as a float: a gradient too many is an error later, one too few would be a wrong number
    for (const value of node.outputs) {
      if (isFloat(types.knownDtype(value) ?? "float32")) dependent.add(value);
    }
  }
  return reaching(order, { loss, dependent, wrt });
}

function reaching(
  order: readonly Node[],
  { loss, dependent, wrt }: { loss: Value; dependent: ReadonlySet<Value>; wrt: Value },
): Activity {
  if (!dependent.has(loss)) return { values: new Set(), nodes: [] };
  const values = new Set([loss]);
  const nodes: Node[] = [];
  for (const node of order.toReversed()) {
    const isAbove = node.outputs.some((value) => values.has(value) && value !== wrt);
    if (!isAbove || NO_GRADIENT.has(node.op)) continue;
    nodes.push(node);
    for (const value of operands(node)) if (dependent.has(value)) values.add(value);
  }
  return { values, nodes: nodes.reverse() };
}

function operands(node: Node): Value[] {
  return [...node.inputs.filter((value) => value !== null), ...capturedValues(node)];
}

function reads(node: Node, values: ReadonlySet<Value>): boolean {
  return operands(node).some((value) => values.has(value));
}
