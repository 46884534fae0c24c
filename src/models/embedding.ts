/**
 * @file Where tokens become vectors: the table lookups that an integer input drives.
 */
import type { Graph, Node, Value } from "../onnx/graph.js";

/** Operators through which an index stays an index. */
const INDEX_STEPS = new Set(["Cast", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Identity"]);

const LOOKUPS = new Set(["Gather", "GatherBlockQuantized"]);

/** A lookup in a frozen table. */
export interface Lookup {
  readonly node: Node;
  /** Rows of the table, where it is a plain initializer. */
  readonly rows: number | undefined;
}

/** Values that depend on an input of the model; everything else is frozen. */
export function inputDependent(graph: Graph): Set<Value> {
  const found = new Set(graph.inputs.filter((input) => input.initializer === undefined));
  for (const node of graph.topologicalOrder()) {
    if (node.inputs.some((value) => value !== null && found.has(value)))
      node.outputs.forEach((output) => found.add(output));
  }
  return found;
}

/** Lookups in frozen tables by the elements of `input`, in the order they are met. */
export function tableLookups(input: Value, dependent: ReadonlySet<Value>): Lookup[] {
  const found = new Map<Node, Lookup>();
  const queue = [input];
  for (let value = queue.shift(); value !== undefined; value = queue.shift()) {
    for (const { node, index } of value.uses) {
      const table = node.inputs[0];
      if (index === 0 && INDEX_STEPS.has(node.opType)) queue.push(...node.outputs);
      if (index !== 1 || !LOOKUPS.has(node.opType) || !table || dependent.has(table)) continue;
      const dims = table.initializer?.dims;
      // a vector is no table of vectors; a computed table (a shared, transposed or packed head) has no dims to see
      if (dims === undefined || dims.length === 2) found.set(node, { node, rows: dims?.[0] });
    }
  }
  return [...found.values()];
}
