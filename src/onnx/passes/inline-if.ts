/**
 * @file A branch on a graph input is decided for the prompt pass: the else-branch (no past) takes its place.
 *
 *   y… = If(use_cache_branch){then: with past, else: without past}  →  y… = the else-branch's nodes
 *
 * Merged decoders (optimum's merge_decoders) consist of one such node. The condition and the past inputs that only the
 * other branch read go away with it.
 */
import { copyBody, detachSubgraphs } from "../copy.js";
import { ModelFormatError } from "../../errors.js";
import {
  capturedValues,
  describeNode,
  type Graph,
  type Model,
  type Node,
  type Value,
} from "../graph.js";
import { DAMAGED } from "../hints.js";
import { nodesOf, supersede, type Pass } from "./pass.js";

/** If nodes whose condition is an input of the model. */
function candidates({ graph }: Model): Node[] {
  return nodesOf(graph, "If").filter((node) => node.inputs[0]?.isInput === true);
}

function branchOf(node: Node): Graph {
  const attribute = node.attributes.get("else_branch");
  if (attribute?.kind === "graph" && attribute.value.outputs.length === node.outputs.length)
    return attribute.value;
  throw new ModelFormatError("an If node without a usable else-branch", {
    code: "IF_BRANCH",
    where: describeNode(node),
    expected: `an attribute "else_branch" holding a graph with ${node.outputs.length} outputs`,
    found:
      attribute?.kind === "graph" ? `${attribute.value.outputs.length} outputs` : "no such graph",
    hint: DAMAGED,
  });
}

/** Values that may end as outputs under the If node's names: made by a node, and not an output twice. */
function asOutputs(values: readonly Value[], node: Node): Value[] {
  const taken = new Set<Value>();
  return values.map((value) => {
    const isFree = value.producer !== undefined && !value.isOutput && !taken.has(value);
    taken.add(value);
    if (isFree) return value;
    const name = node.graph.freshNodeName(`${node.name}/pass`);
    return node.graph.addNode({ opType: "Identity", name, inputs: [value], before: node }).output();
  });
}

function inline(node: Node): void {
  const { graph } = node;
  const branch = branchOf(node);
  const sources = new Set(
    [node.input(0), ...capturedValues(node)].filter(
      (value) => value.isInput && value.graph === graph,
    ),
  );
  const mapping = new Map<Value, Value>();
  copyBody(branch, graph, mapping);
  const results = asOutputs(
    branch.outputs.map((value) => mapping.get(value) ?? value),
    node,
  );
  detachSubgraphs(node);
  supersede(node, results);
  for (const input of sources) if (input.uses.length === 0) graph.removeSource(input);
}

/** Inlines the else-branch of If nodes on a graph input. */
export const inlineIf: Pass = {
  name: "inline-if",
  requires: () => [],
  apply(model) {
    const nodes = candidates(model);
    nodes.forEach(inline);
    return nodes.length;
  },
  ensures: (model) => candidates(model).map((node) => `${describeNode(node)} is still there`),
};
