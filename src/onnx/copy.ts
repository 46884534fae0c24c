/**
 * @file Copies a graph, or its body into another graph, subgraphs included. Weights are shared, not copied.
 */
import { present } from "../errors.js";
import { Graph, type Attribute, type Model, type Node, type Value } from "./graph.js";

/** Which value of the destination stands for a value of the source; values outside both stand for themselves. */
type Mapping = Map<Value, Value>;

/** A copy and where each value of the original went. */
export interface ModelCopy {
  readonly model: Model;
  /** The copy of a value. @throws {@link InvariantError} for a value of another graph. */
  readonly of: (value: Value) => Value;
}

/** Copies a model, so that the copy can be cut and extended; inputs, outputs and all names stay. */
export function copyModel(model: Model): ModelCopy {
  const graph = new Graph(model.graph.name);
  const mapping: Mapping = new Map();
  for (const input of model.graph.inputs) {
    const copy = graph.addInput(input.name, input.type);
    copy.origin = input.origin;
    if (input.initializer !== undefined) graph.addInitializer(input.name, input.initializer);
    mapping.set(input, copy);
  }
  copyBody(model.graph, graph, mapping);
  const of = (value: Value): Value => present(mapping.get(value), `a copy of "${value.name}"`);
  graph.outputs.push(...model.graph.outputs.map(of));
  return { model: { ...model, graph, opsets: new Map(model.opsets) }, of };
}

/**
 * Copies constants and nodes of `from` into `into`, under fresh names where a name is taken. `mapping` says what stands
 * for inputs of `from` and is extended by everything copied.
 */
export function copyBody(from: Graph, into: Graph, mapping: Mapping): void {
  for (const value of from.initializers) {
    if (mapping.has(value)) continue;
    const tensor = present(value.initializer, `the constant "${value.name}"`);
    mapping.set(value, into.addInitializer(into.freshName(value.name), tensor));
  }
  for (const node of from.topologicalOrder()) copyNode(node, into, mapping);
}

/** Copies one node, subgraphs included, extends `mapping` by its outputs, and returns the copy. */
export function copyNode(node: Node, into: Graph, mapping: Mapping): Node {
  const copy = into.addNode({
    opType: node.opType,
    domain: node.domain,
    name: node.name === "" ? "" : into.freshNodeName(node.name),
    inputs: node.inputs.map((value) => value && (mapping.get(value) ?? value)),
    outputs: node.outputs.map((value) => (value.name === "" ? "" : into.freshName(value.name))),
    attributes: copyAttributes(node, into, mapping),
  });
  copy.origin = node.origin;
  node.outputs.forEach((value, i) => {
    const made = copy.output(i);
    made.type = value.type;
    made.origin = value.origin;
    mapping.set(value, made);
  });
  return copy;
}

function copyAttributes(node: Node, into: Graph, mapping: Mapping): Map<string, Attribute> {
  return new Map(
    [...node.attributes].map(([name, attribute]) => [
      name,
      attribute.kind === "graph"
        ? { kind: "graph", value: copySubgraph(attribute.value, into, mapping) }
        : attribute,
    ]),
  );
}

function copySubgraph(from: Graph, parent: Graph, outer: Mapping): Graph {
  const graph = new Graph(from.name, parent);
  graph.origin = from.origin;
  const mapping = new Map(outer);
  for (const input of from.inputs) mapping.set(input, graph.addInput(input.name, input.type));
  copyBody(from, graph, mapping);
  graph.outputs.push(...from.outputs.map((value) => mapping.get(value) ?? value));
  return graph;
}

/** Takes the nodes inside a node's subgraphs out of the use lists of outer values, before the node is removed. */
export function detachSubgraphs(node: Node): void {
  for (const attribute of node.attributes.values()) {
    if (attribute.kind !== "graph") continue;
    for (const inner of attribute.value.nodes) {
      detachSubgraphs(inner);
      inner.detach();
    }
  }
}
