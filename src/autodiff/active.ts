/**
 * @file Which values carry the gradient: floats that depend on what is differentiated for and reach a loss.
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

/**
 * Finds what lies between `wrt` and `losses`. Holds only those of both that take part: a loss that depends on no `wrt` and
 * a `wrt` that reaches no loss are not among the values.
 */
export function findActive(
  graph: Graph,
  { losses, wrt, types }: { losses: readonly Value[]; wrt: readonly Value[]; types: TypeInference },
): Activity {
  const order = graph.topologicalOrder();
  const dependent = new Set(wrt);
  for (const node of order) {
    if (NO_GRADIENT.has(node.op) || !reads(node, dependent)) continue;
    // an unknown type counts as a float: a gradient too many is an error later, one too few would be a wrong number
    for (const value of node.outputs) {
      if (isFloat(types.knownDtype(value) ?? "float32")) dependent.add(value);
    }
  }
  return reaching(order, { losses, dependent });
}

function reaching(
  order: readonly Node[],
  { losses, dependent }: { losses: readonly Value[]; dependent: ReadonlySet<Value> },
): Activity {
  const values = new Set(losses.filter((loss) => dependent.has(loss)));
  const nodes: Node[] = [];
  for (const node of order.toReversed()) {
    // what makes a `wrt` is of no interest, unless it depends on another one
    const isBetween = node.outputs.some((value) => values.has(value)) && reads(node, dependent);
    if (!isBetween || NO_GRADIENT.has(node.op)) continue;
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
