/** @file The same graph in other words: other names, another order of nodes. */
import { copyNode } from "../../src/onnx/copy.js";
import { Graph, type Model, type Node, type Value } from "../../src/onnx/graph.js";
import { stream } from "../../src/stats/stream.js";

/** Gives every value and node of the main graph, inputs and outputs included, a random name; in place. */
export function renameAll({ graph }: Model, seed: number): void {
  const draw = stream(seed, "test/rename");
  const name = (): string => graph.freshName(`v${draw.int(1_000_000_000)}`);
  const values = [...graph.inputs, ...graph.initializers, ...graph.nodes.flatMap((n) => n.outputs)];
  for (const value of new Set(values)) if (value.name !== "") graph.rename(value, name());
  graph.nodes.forEach((node, i) => (node.name = `n${draw.int(1_000_000_000)}_${i}`));
}

/** A copy whose nodes and constants stand in a random order, every node still after what it needs. */
export function reorder(model: Model, seed: number): Model {
  const draw = stream(seed, "test/reorder");
  const graph = new Graph(model.graph.name);
  const mapping = new Map<Value, Value>();
  for (const input of model.graph.inputs) {
    mapping.set(input, graph.addInput(input.name, input.type));
    if (input.initializer !== undefined) graph.addInitializer(input.name, input.initializer);
  }
  for (const value of draw.shuffle(model.graph.initializers)) {
    if (!mapping.has(value))
      mapping.set(value, graph.addInitializer(value.name, value.initializer!));
  }
  const waiting = new Set(model.graph.nodes);
  const isReady = (node: Node): boolean =>
    node.inputs.every((value) => value === null || mapping.has(value));
  while (waiting.size > 0) {
    const node = draw.pick([...waiting].filter(isReady));
    copyNode(node, graph, mapping);
    waiting.delete(node);
  }
  graph.outputs.push(...model.graph.outputs.map((value) => mapping.get(value)!));
  return { ...model, graph, opsets: new Map(model.opsets), functions: [...model.functions] };
}
