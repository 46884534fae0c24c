/**
 * @file A fused embedding is split into its lookups, their sum and the norm, so that the sum is a value of its own:
 *
 *   n, m, s = EmbedLayerNormalization(ids, segments?, W, P, S?, γ, β, mask?, positions?)
 *     →  s = W[ids] + P[positions] (+ S[segments]);  n = LayerNormalization(s, γ, β);  m = ones per row of mask
 *
 * Without `positions` the rows of P are taken in order, 0 … token − 1.
 */
import { Builder } from "../builder.js";
import { describeNode, type Node, type Value } from "../graph.js";
import { nodesOf, supersede, type Pass } from "./pass.js";

const OPERATOR = "EmbedLayerNormalization";
const DOMAIN = "com.microsoft";
/** The operator's own default. */
const EPSILON = 1e-12;

/** Rows of the position table: looked up, or the first ones in order. */
function positionRows(b: Builder, node: Node): Value {
  const [table, positions] = [node.input(3), node.inputs[8]];
  if (positions) return b.op("Gather", [table, positions], { axis: 0n });
  const length = b.op("Gather", [b.op("Shape", [node.input(0)]), b.ints([1])], { axis: 0n });
  return b.op("Slice", [table, b.ints([0]), length, b.ints([0])]);
}

/** int32 `[batch]`: how many ones the mask has in each row; zeros where there is no mask. */
function maskIndex(b: Builder, node: Node): Value {
  const mask = node.inputs[7] ?? b.op("Mul", [node.input(0), b.cast(b.ints(0), "int32")]);
  const ones = b.op("Equal", [mask, b.cast(b.ints(1), "int32")]);
  return b.op("ReduceSum", [b.cast(ones, "int32"), b.ints([1])], { keepdims: 0n });
}

function split(node: Node): void {
  const b = new Builder(node.graph, node.name || OPERATOR);
  const words = b.op("Gather", [node.input(2), node.input(0)], { axis: 0n });
  const placed = b.op("Add", [words, positionRows(b, node)]);
  const [segments, segmentTable] = [node.inputs[1], node.inputs[4]];
  const sum =
    segments && segmentTable
      ? b.op("Add", [placed, b.op("Gather", [segmentTable, segments], { axis: 0n })])
      : placed;
  const normed = b.op("LayerNormalization", [sum, node.input(5), node.input(6)], {
    axis: -1n,
    epsilon: node.float("epsilon", EPSILON),
    stash_type: 1n,
  });
  supersede(node, [normed, node.outputs[1]?.isUsed === true ? maskIndex(b, node) : null, sum]);
}

/** Splits EmbedLayerNormalization. */
export const splitEmbedNorm: Pass = {
  name: "split-embed-norm",
  requires: () => [],
  apply({ graph }) {
    const nodes = nodesOf(graph, OPERATOR, DOMAIN);
    nodes.forEach(split);
    return nodes.length;
  },
  ensures: ({ graph }) =>
    nodesOf(graph, OPERATOR, DOMAIN).map((node) => `${describeNode(node)} is still fused`),
};
