/**
 * @file Cuts a subgraph out of a model: a fresh model that computes the outputs from cut values. Weights are shared,
 * external ones stay references. The idea of validating the frontier is that of onnx/ir-py's extractor.
 */
import { ModelFormatError, present } from "../errors.js";
import { copyNode } from "./copy.js";
import {
  capturedValues,
  Graph,
  type Model,
  type Node,
  type Value,
  type ValueType,
} from "./graph.js";

/** A value at which the walk from the outputs stops: it becomes an input. */
interface Cut {
  readonly value: Value;
  readonly name: string;
  readonly type: ValueType;
}

/** What to cut out. */
export interface Extraction {
  readonly inputs: readonly Cut[];
  readonly outputs: readonly Value[];
}

/** The new model, and where each value that was needed went. */
export interface Extracted {
  readonly model: Model;
  readonly map: ReadonlyMap<Value, Value>;
}

/**
 * Extracts what computes `outputs` from `inputs`. Inputs of the model that are still needed stay inputs; their names
 * come after those of the cuts.
 *
 * @throws {@link ModelFormatError} naming every cut that no output depends on, and every value that neither the graph
 * nor the cuts provide.
 */
export function extract(source: Model, { inputs, outputs }: Extraction): Extracted {
  const cuts = new Map(inputs.map((cut) => [cut.value, cut]));
  const frontier = walkBack(source.graph, { outputs, cuts });
  checkFrontier(frontier, { cuts, graph: source.graph });
  const graph = new Graph(source.graph.name);
  const map = new Map<Value, Value>();
  for (const { value, name, type } of inputs) map.set(value, graph.addInput(name, type));
  // names of model inputs are claimed before inner values may take them
  for (const input of source.graph.inputs) {
    if (!frontier.sources.has(input)) continue;
    const copy = graph.addInput(input.name, input.type);
    copy.origin = input.origin;
    map.set(input, copy);
  }
  for (const value of source.graph.initializers) {
    if (!frontier.sources.has(value)) continue;
    const tensor = present(value.initializer, `the constant "${value.name}"`);
    // a constant that is also a declared input is one value in both roles
    const name = value.isInput ? value.name : graph.freshName(value.name);
    map.set(value, graph.addInitializer(name, tensor));
  }
  for (const node of source.graph.topologicalOrder())
    if (frontier.nodes.has(node)) copyNode(node, graph, map);
  graph.outputs.push(...outputs.map((value) => present(map.get(value), `"${value.name}"`)));
  return { model: { ...source, graph, opsets: new Map(source.opsets), origin: undefined }, map };
}

interface Frontier {
  readonly nodes: ReadonlySet<Node>;
  /** Inputs and constants that are needed. */
  readonly sources: ReadonlySet<Value>;
  readonly reachedCuts: ReadonlySet<Value>;
  readonly missing: readonly Value[];
}

function walkBack(
  graph: Graph,
  { outputs, cuts }: { outputs: readonly Value[]; cuts: ReadonlyMap<Value, Cut> },
): Frontier {
  const nodes = new Set<Node>();
  const sources = new Set<Value>();
  const reachedCuts = new Set<Value>();
  const missing = new Set<Value>();
  const queue = [...outputs];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (cuts.has(value)) reachedCuts.add(value);
    else if (value.graph !== graph) missing.add(value);
    else if (value.producer !== undefined) {
      if (nodes.has(value.producer)) continue;
      nodes.add(value.producer);
      for (const input of value.producer.inputs) if (input !== null) queue.push(input);
      // subgraphs name values of theirs and of the graphs inside them; only what lies outside is needed from here
      queue.push(...capturedValues(value.producer).filter((captured) => captured.graph === graph));
    } else if (value.isInput || value.initializer !== undefined) sources.add(value);
    else missing.add(value);
  }
  return { nodes, sources, reachedCuts, missing: [...missing] };
}

function checkFrontier(
  { reachedCuts, missing }: Frontier,
  { cuts, graph }: { cuts: ReadonlyMap<Value, Cut>; graph: Graph },
): void {
  const idle = [...cuts.keys()].filter((value) => !reachedCuts.has(value));
  if (idle.length === 0 && missing.length === 0) return;
  const named = (values: readonly Value[]): string =>
    values.map(({ name }) => `"${name}"`).join(", ");
  const found = [
    ...(idle.length === 0 ? [] : [`no output depends on ${named(idle)}`]),
    ...(missing.length === 0 ? [] : [`nothing provides ${named(missing)}`]),
  ];
  throw new ModelFormatError("a part of the graph cannot be cut out", {
    code: "EXTRACT",
    where: `graph "${graph.name}"`,
    expected: "outputs that depend on every cut value and otherwise on inputs and constants only",
    found: found.join("; "),
    hint: "run `mas-audit inspect` on the model and report what it prints",
  });
}
