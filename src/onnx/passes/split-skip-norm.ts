/**
 * @file Fused "add, then norm" nodes are split, so that the sum is a value of its own:
 *
 *   n, _, _, s = SkipLayerNormalization(root, skip, γ, β?, bias?)
 *     →  s = Add(root, Add(skip, bias));  n = LayerNormalization(s, γ, β)
 *   n, _, _, s = SkipSimplifiedLayerNormalization(root, skip, γ, bias?)
 *     →  s = Add(root, Add(skip, bias));  n = SimplifiedLayerNormalization(s, γ)
 *
 * NOTE: the bias is added to `skip`, not to the sum: it belongs to the projection that made `skip`. In the other order
 * the value between the two Adds looks like the residual and lacks the bias.
 */
import { ModelFormatError } from "../../errors.js";
import { describeNode, type AttributeValue, type Node, type Value } from "../graph.js";
import { nodesOf, supersede, type Pass } from "./pass.js";

interface Form {
  readonly opType: string;
  /** The norm left over, in the default domain: the runtime accepts both at every operator set we read. */
  readonly norm: string;
  /** Inputs of the norm after the sum. */
  readonly parameters: readonly number[];
  readonly bias: number;
}

const FORMS: readonly Form[] = [
  { opType: "SkipLayerNormalization", norm: "LayerNormalization", parameters: [2, 3], bias: 4 },
  {
    opType: "SkipSimplifiedLayerNormalization",
    norm: "SimplifiedLayerNormalization",
    parameters: [2],
    bias: 3,
  },
];

const DOMAIN = "com.microsoft";

function refuseStatistics(node: Node): void {
  const used = [1, 2].find((i) => node.outputs[i]?.isUsed);
  if (used === undefined) return;
  throw new ModelFormatError("a training output of a fused norm is in use", {
    code: "SKIP_NORM_STATISTICS",
    where: describeNode(node),
    expected: "outputs 0 (norm) and 3 (sum) only",
    found: `output ${used} in use`,
    hint: "export the model for inference",
  });
}

function split(node: Node, form: Form): void {
  refuseStatistics(node);
  const { graph } = node;
  const name = node.name || node.opType;
  const fresh = (suffix: string): string => graph.freshNodeName(`${name}/${suffix}`);
  const add = (suffix: string, inputs: readonly Value[]): Value =>
    graph.addNode({ opType: "Add", name: fresh(suffix), inputs, before: node }).output();
  const bias = node.inputs[form.bias];
  const skip = bias ? add("bias", [node.input(1), bias]) : node.input(1);
  const sum = add("sum", [node.input(0), skip]);
  const attributes: Record<string, AttributeValue> = {
    axis: -1n,
    epsilon: node.float("epsilon"),
    stash_type: 1n,
  };
  const parameters = form.parameters.map((i) => node.inputs[i] ?? null);
  const normed = graph.addNode({
    opType: form.norm,
    name: fresh("norm"),
    inputs: [sum, ...parameters.filter((value, i) => value !== null || i === 0)],
    attributes,
    before: node,
  });
  supersede(node, [normed.output(), null, null, sum]);
}

/** Splits SkipLayerNormalization and SkipSimplifiedLayerNormalization. */
export const splitSkipNorm: Pass = {
  name: "split-skip-norm",
  requires: () => [],
  apply({ graph }) {
    let changes = 0;
    for (const form of FORMS) {
      for (const node of nodesOf(graph, form.opType, DOMAIN)) {
        split(node, form);
        changes += 1;
      }
    }
    return changes;
  },
  ensures: ({ graph }) =>
    FORMS.flatMap(({ opType }) => nodesOf(graph, opType, DOMAIN)).map(
      (node) => `${describeNode(node)} is still fused`,
    ),
};
