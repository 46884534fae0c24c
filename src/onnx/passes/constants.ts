/**
 * @file Constant nodes become initializers:  y = Constant{value}  →  y (initializer)
 *
 * Strings and sparse tensors stay: no node that we differentiate or cut reads them.
 */
import type { Attribute, Node } from "../graph.js";
import { float32Tensor, int64Tensor, type Tensor } from "../tensor.js";
import { nodesOf, supersede, type Pass } from "./pass.js";

type Reader = (attribute: Attribute) => Tensor | undefined;

/** One row per attribute that can hold the value (ONNX Constant-13). */
const READERS: Readonly<Record<string, Reader>> = {
  value: (a) => (a.kind === "tensor" ? a.value : undefined),
  value_int: (a) => (a.kind === "int" ? int64Tensor([a.value], []) : undefined),
  value_ints: (a) => (a.kind === "ints" ? int64Tensor(a.value) : undefined),
  value_float: (a) => (a.kind === "float" ? float32Tensor([a.value], []) : undefined),
  value_floats: (a) => (a.kind === "floats" ? float32Tensor(a.value, [a.value.length]) : undefined),
};

function tensorOf(node: Node): Tensor | undefined {
  for (const [name, attribute] of node.attributes) {
    const tensor = READERS[name]?.(attribute);
    if (tensor !== undefined) return tensor;
  }
  return undefined;
}

/** Turns numeric Constant nodes into initializers of the same name. */
export const constants: Pass = {
  name: "constants",
  requires: () => [],
  apply({ graph }) {
    let changes = 0;
    for (const node of nodesOf(graph, "Constant")) {
      const tensor = tensorOf(node);
      if (tensor === undefined || node.output().isOutput) continue;
      const { name } = node.output();
      const value = graph.addInitializer(graph.freshName(`${name}/constant`), tensor);
      supersede(node, [value]);
      graph.rename(value, name);
      changes += 1;
    }
    return changes;
  },
  ensures: ({ graph }) =>
    nodesOf(graph, "Constant")
      .filter((node) => tensorOf(node) !== undefined && !node.output().isOutput)
      .map((node) => `"${node.output().name}" is still a Constant node`),
};
