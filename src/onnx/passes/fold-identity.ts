/**
 * @file Nodes that only pass a value on go away:
 *
 *   y = Identity(x)                          →  x
 *   y = Dropout(x, ratio?, training = false) →  x
 *
 * An Identity stays where the graph's interface needs it: between an input, a constant or another output and an output.
 */
import type { Model, Node } from "../graph.js";
import { nodesOf, supersede, type Pass } from "./pass.js";

/** A Dropout that drops nothing; before operator set 12 inference is the only mode without an attribute saying so. */
function isInferenceDropout(node: Node): boolean {
  const [, mask] = node.outputs;
  if (mask?.isUsed === true) return false;
  const mode = node.inputs[2];
  return mode === undefined || mode === null || mode.numbers?.every((flag) => flag === 0) === true;
}

function isFoldable(node: Node): boolean {
  const x = node.input(0);
  return (
    !node.output().isOutput || (x.producer !== undefined && !x.isOutput && x.graph === node.graph)
  );
}

function candidates({ graph }: Model): Node[] {
  return [
    ...nodesOf(graph, "Identity"),
    ...nodesOf(graph, "Dropout").filter(isInferenceDropout),
  ].filter(isFoldable);
}

/** Folds Identity and inference Dropout. */
export const foldIdentity: Pass = {
  name: "fold-identity",
  requires: () => [],
  apply(model) {
    let changes = 0;
    for (const node of candidates(model)) {
      // an earlier fold of this loop may have made its input an output
      if (!isFoldable(node)) continue;
      const x = node.input(0);
      if (node.output().isOutput) supersede(node, [x]);
      else {
        model.graph.replaceAllUses(node.output(), x);
        model.graph.removeNode(node);
      }
      changes += 1;
    }
    return changes;
  },
  ensures: (model) => candidates(model).map((node) => `"${node.output().name}" only passes on`),
};
