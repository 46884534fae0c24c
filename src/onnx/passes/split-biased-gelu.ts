/**
 * @file Activations that add a bias first are split, so that the bias belongs to the projection before:
 *
 *   y = BiasGelu(x, b)   →  y = Gelu(x + b)
 *   y = FastGelu(x, b)   →  y = FastGelu(x + b)
 */
import { Builder } from "../builder.js";
import { describeNode, type Graph, type Node } from "../graph.js";
import { nodesOf, supersede, type Pass } from "./pass.js";

const DOMAIN = "com.microsoft";

/** What is left when the bias has been added; com.microsoft.Gelu exists at every operator set, ONNX's only from 20. */
const REMAINDER: Readonly<Record<string, string>> = { BiasGelu: "Gelu", FastGelu: "FastGelu" };

function candidates(graph: Graph): Node[] {
  return Object.keys(REMAINDER)
    .flatMap((opType) => nodesOf(graph, opType, DOMAIN))
    .filter((node) => Boolean(node.inputs[1]));
}

function split(node: Node): void {
  const b = new Builder(node.graph, node.name || node.opType);
  const sum = b.op("Add", [node.input(0), node.input(1)]);
  const opType = REMAINDER[node.opType] ?? node.opType;
  supersede(node, [b.op(opType, [sum], {}, { domain: DOMAIN })]);
}

/** Splits BiasGelu, and FastGelu where it has a bias. */
export const splitBiasedGelu: Pass = {
  name: "split-biased-gelu",
  requires: () => [],
  apply({ graph }) {
    const nodes = candidates(graph);
    nodes.forEach(split);
    return nodes.length;
  },
  ensures: ({ graph }) => candidates(graph).map((node) => `${describeNode(node)} is still fused`),
};
