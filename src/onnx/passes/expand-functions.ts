/**
 * @file Calls of functions that the model file defines itself are replaced by the functions' bodies, nested calls too:
 *
 *   y… = pkg.f(x…){attributes}  →  y… = the nodes of f, attribute references replaced by the call's values
 *
 * Inner values and nodes get fresh names, so that two calls of one function do not meet.
 */
import { ModelFormatError } from "../../errors.js";
import { copyNode } from "../copy.js";
import {
  describeNode,
  type Attribute,
  type Graph,
  type LocalFunction,
  type Model,
  type Node,
  type Value,
} from "../graph.js";
import { supersede, type Pass } from "./pass.js";

/** Calls in calls, and nodes in all; real exports nest two or three deep. Beyond, a file of kilobytes could ask for gigabytes. */
const DEEPEST_CALL = 32;
const MOST_NODES = 1_000_000;

type Functions = ReadonlyMap<string, LocalFunction>;

function keyOf({ domain, name }: LocalFunction): string {
  return `${domain}:${name}`;
}

function functionOf(functions: Functions, node: Node): LocalFunction | undefined {
  return functions.get(`${node.domain}:${node.opType}`);
}

/** Functions by the name they are called by. @throws {@link ModelFormatError} when two share one. */
function functionsOf({ functions }: Model): Functions {
  const known = new Map<string, LocalFunction>();
  for (const each of functions) {
    if (known.has(keyOf(each))) {
      throw new ModelFormatError("two model-local functions have one name", {
        code: "FUNCTION_OVERLOAD",
        where: `function "${each.domain}.${each.name}"`,
        expected: "one definition for each name",
        found: `a second one (overload "${each.overload}")`,
        hint: "export the model with its functions inlined (onnx.inliner.inline_local_functions)",
      });
    }
    known.set(keyOf(each), each);
  }
  return known;
}

/** The body's operators must mean in the model what they meant in the function. */
function adoptOperatorSets(model: Model, called: LocalFunction): void {
  for (const [domain, version] of called.opsets) {
    const own = model.opsets.get(domain);
    if (own === undefined) model.opsets.set(domain, version);
    else if (own !== version) {
      throw new ModelFormatError("a model-local function uses another operator set", {
        code: "FUNCTION_OPERATOR_SET",
        where: `function "${called.domain}.${called.name}"`,
        expected: `${domain || "ai.onnx"} ${own}, as the model`,
        found: `${domain || "ai.onnx"} ${version}`,
        hint: "export the model with its functions inlined (onnx.inliner.inline_local_functions)",
      });
    }
  }
}

/** Puts the call's values in the place of attribute references, in subgraphs too. */
function bindAttributes(node: Node, valueOf: (name: string) => Attribute | undefined): void {
  for (const [name, attribute] of [...node.attributes]) {
    if (attribute.kind === "graph")
      attribute.value.nodes.forEach((inner) => {
        bindAttributes(inner, valueOf);
      });
    if (attribute.kind !== "opaque" || attribute.reference === undefined) continue;
    const value = valueOf(attribute.reference);
    // a reference to an attribute that the call leaves out leaves the operator's default
    if (value === undefined) node.attributes.delete(name);
    else node.attributes.set(name, value);
  }
}

/** Replaces one call by the body and returns the nodes that came in. */
function expand(call: Node, { body, attributeDefaults }: LocalFunction): Node[] {
  const { graph } = call;
  const mapping = new Map<Value, Value>();
  body.inputs.forEach((formal, i) => {
    const actual = call.inputs[i];
    if (actual) mapping.set(formal, actual);
  });
  const valueOf = (name: string): Attribute | undefined =>
    call.attributes.get(name) ?? attributeDefaults.get(name);
  const made = body.topologicalOrder().map((node) => {
    const copy = copyNode(node, graph, mapping);
    bindAttributes(copy, valueOf);
    // optional inputs that the call leaves out stay out
    copy.inputs.forEach((value, i) => {
      if (value !== null && body.inputs.includes(value)) copy.replaceInput(i, null);
    });
    return copy;
  });
  const taken = new Set<Value>();
  const results = body.outputs.map((output) => {
    const value = mapping.get(output);
    if (value === undefined) return null;
    // a value of a node of its own, so that it may take the output's name
    const isOwn = made.includes(value.producer ?? call) && !value.isOutput && !taken.has(value);
    taken.add(value);
    if (isOwn) return value;
    const name = graph.freshNodeName(`${call.name || call.opType}/pass`);
    return graph.addNode({ opType: "Identity", name, inputs: [value] }).output();
  });
  supersede(call, results);
  return made;
}

/**
 * How many nodes `body` becomes when every call in it is expanded; found without expanding.
 *
 * @throws {@link ModelFormatError} when a function calls itself, or calls nest too deep.
 */
function expandedSize(
  body: Graph,
  functions: Functions,
  { known, chain }: { known: Map<LocalFunction, number>; chain: readonly LocalFunction[] },
): number {
  let size = 0;
  for (const node of body.nodes) {
    size += 1;
    const called = functionOf(functions, node);
    if (called === undefined) continue;
    if (chain.includes(called)) throw unbounded(node, `"${called.name}" calls itself`);
    if (chain.length >= DEEPEST_CALL)
      throw unbounded(node, `more than ${DEEPEST_CALL} calls inside calls`);
    const inner =
      known.get(called) ??
      expandedSize(called.body, functions, { known, chain: [...chain, called] });
    known.set(called, inner);
    size += inner;
  }
  return size;
}

function checkSize(model: Model, functions: Functions): void {
  const size = expandedSize(model.graph, functions, { known: new Map(), chain: [] });
  const [first] = model.graph.nodes;
  if (size > MOST_NODES && first !== undefined)
    throw unbounded(first, `${size.toLocaleString("en")} nodes when all calls are expanded`);
}

function unbounded(node: Node, found: string): ModelFormatError {
  return new ModelFormatError("model-local functions cannot be expanded", {
    code: "FUNCTION_RECURSION",
    where: describeNode(node),
    expected: `calls at most ${DEEPEST_CALL} deep and ${MOST_NODES.toLocaleString("en")} nodes in all`,
    found,
    hint: "export the model again; functions that call themselves are no ONNX",
  });
}

/** Expands every call in the main graph. */
export const expandFunctions: Pass = {
  name: "expand-functions",
  requires: () => [],
  apply(model) {
    if (model.functions.length === 0) return 0;
    const functions = functionsOf(model);
    checkSize(model, functions);
    const queue = [...model.graph.nodes];
    let changes = 0;
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      const called = functionOf(functions, node);
      if (called === undefined) continue;
      adoptOperatorSets(model, called);
      queue.push(...expand(node, called));
      changes += 1;
    }
    if (!isCalledInSubgraph(model.graph, functions)) model.functions.length = 0;
    return changes;
  },
  ensures: (model) => {
    const functions = functionsOf(model);
    return model.graph.nodes
      .filter((node) => functionOf(functions, node) !== undefined)
      .map((node) => `${describeNode(node)} is still a call`);
  },
};

function isCalledInSubgraph(graph: Graph, functions: Functions): boolean {
  return graph.nodes.some((node) =>
    [...node.attributes.values()].some(
      (attribute) =>
        attribute.kind === "graph" &&
        (attribute.value.nodes.some((inner) => functionOf(functions, inner) !== undefined) ||
          isCalledInSubgraph(attribute.value, functions)),
    ),
  );
}
