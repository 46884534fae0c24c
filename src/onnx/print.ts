/**
 * @file A stable text form of graphs, for errors, `inspect` and golden tests. One line per node:
 *
 *   %sum: float32[batch, 12, 64] = Add(%x, float32[64])
 *   %n = com.microsoft.QuickGelu(%sum) {alpha=1}
 *
 * Constants are shown by type and size, small ones by value. Not a file format: nothing reads it back.
 */
import type { Attribute, Graph, Node, Value, ValueType } from "./graph.js";
import type { Tensor } from "./tensor.js";

/** Constants of up to this many elements are shown by value. */
const SHOWN_ELEMENTS = 4;

/** Prints a graph: inputs, nodes in topological order, outputs. */
export function printGraph(graph: Graph): string {
  const nodes = graph.topologicalOrder().map((node) => `  ${printNode(node)}`);
  return [
    `graph "${graph.name}" (${graph.inputs.map(typed).join(", ")})`,
    ...nodes,
    `  return ${graph.outputs.map(typed).join(", ")}`,
    "",
  ].join("\n");
}

/** Prints the nodes at most `distance` edges away from `centre`, in topological order; the centre is marked with ">". */
export function printAround(centre: Node, distance = 2): string {
  const near = new Set([centre]);
  for (let step = 0; step < distance; step++)
    for (const node of [...near]) addNeighbours(node, near);
  return centre.graph
    .topologicalOrder()
    .filter((node) => near.has(node))
    .map((node) => `${node === centre ? ">" : " "} ${printNode(node)}`)
    .join("\n");
}

function addNeighbours(node: Node, near: Set<Node>): void {
  for (const value of node.inputs) if (value?.producer !== undefined) near.add(value.producer);
  for (const output of node.outputs) for (const use of output.uses) near.add(use.node);
}

/** Prints one node on one line. */
export function printNode(node: Node): string {
  const outputs = node.outputs.map((value) => (value.name === "" ? "_" : typed(value))).join(", ");
  const inputs = node.inputs
    .map((value) => (value === null ? "_" : printOperand(value)))
    .join(", ");
  const attributes = [...node.attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${name}=${printAttribute(attribute)}`);
  const suffix = attributes.length === 0 ? "" : ` {${attributes.join(", ")}}`;
  return `${outputs} = ${node.op}(${inputs})${suffix}`;
}

function typed(value: Value): string {
  return value.type === undefined ? `%${value.name}` : `%${value.name}: ${printType(value.type)}`;
}

function printType({ dtype, shape }: ValueType): string {
  return shape === undefined ? dtype : `${dtype}[${shape.map((dim) => dim ?? "?").join(", ")}]`;
}

function printOperand(value: Value): string {
  return value.constant === undefined ? `%${value.name}` : printTensor(value.constant, value);
}

function printTensor({ dtype, dims }: Tensor, value?: Value): string {
  const numbers = value?.numbers;
  const type = `${dtype}[${dims.join(", ")}]`;
  if (numbers === undefined || numbers.length > SHOWN_ELEMENTS) return type;
  return `${type}{${numbers.map(printNumber).join(", ")}}`;
}

/** Six significant digits: enough to tell constants apart, few enough to be the same from every exporter. */
function printNumber(x: number): string {
  return Number.isInteger(x) || !Number.isFinite(x) ? String(x) : String(Number(x.toPrecision(6)));
}

function printAttribute(attribute: Attribute): string {
  switch (attribute.kind) {
    case "int":
      return attribute.value.toString();
    case "float":
      return printNumber(attribute.value);
    case "string":
      return JSON.stringify(new TextDecoder().decode(attribute.value));
    case "ints":
      return `[${attribute.value.join(", ")}]`;
    case "floats":
      return `[${attribute.value.map(printNumber).join(", ")}]`;
    case "strings":
      return `[${attribute.value.map((text) => JSON.stringify(new TextDecoder().decode(text))).join(", ")}]`;
    case "tensor":
      return printTensor(attribute.value);
    case "graph":
      return `graph of ${attribute.value.nodes.length} nodes`;
    case "opaque":
      return "…";
  }
}
