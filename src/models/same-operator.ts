/**
 * @file One operator once more, for other operands.
 */
import type { Builder } from "../onnx/builder.js";
import type { Node, Value } from "../onnx/graph.js";

/** The first output of a new node with the operator and the attributes of `node`, on other inputs. */
export function sameOperator(
  { graph, prefix }: Builder,
  { opType, domain, attributes }: Node,
  inputs: readonly (Value | null)[],
): Value {
  const name = graph.freshNodeName(`${prefix}/${opType}`);
  return graph.addNode({ opType, domain, name, inputs, attributes }).output();
}
