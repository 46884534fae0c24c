/**
 * @file The tail of a model, from the last residual to the logits: final norm and head. It treats every token alike, so
 * one position can be selected before it instead of after.
 */
import { Builder } from "../onnx/builder.js";
import { capturedValues, type Graph, type Value } from "../onnx/graph.js";
import type { TypeInference } from "../onnx/type-inference.js";

/**
 * Takes every Reshape out of the tail that provably changes nothing, and returns what stands for `output` then. Such
 * nodes (GPT-2 exports end in one) take the token count from `input_ids` and would undo the selection of a position.
 */
export function dropIdleReshapes(output: Value, types: TypeInference): Value {
  const { graph } = output;
  for (const node of graph.nodes) {
    if (node.op !== "Reshape") continue;
    const [from, to] = [types.shape(node.input(0)), types.shape(node.output())];
    const isIdle = from?.length === to?.length && from?.every((dim, i) => dim === to?.[i]);
    if (isIdle !== true) continue;
    graph.replaceAllUses(node.output(), node.input(0), { outputs: "leave" });
    if (output === node.output()) output = node.input(0);
  }
  return output;
}

/** Does `output` depend on the inputs of the graph only through `cuts`? */
export function dependsOnlyThrough(output: Value, cuts: readonly Value[]): boolean {
  const seen = new Set(cuts);
  const queue = [output];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.isInput) return false;
    const node = value.producer;
    if (node === undefined) continue;
    queue.push(...node.inputs.filter((input) => input !== null), ...capturedValues(node));
  }
  return true;
}

/**
 * bool `[batch, token, 1]`: is this the position that `position` names for the row? The token count is that of `like`
 * `[batch, token, …]`.
 */
export function positionMask(b: Builder, position: Value, like: Value): Value {
  const length = b.op("Gather", [b.op("Shape", [like]), b.ints(1)], { axis: 0n });
  const tokens = b.op("Range", [b.ints(0), length, b.ints(1)]);
  const isHere = b.op("Equal", [tokens, b.op("Unsqueeze", [position, b.ints([1])])]);
  return b.op("Unsqueeze", [isHere, b.ints([2])]);
}

/** Removes inputs that nothing reads any more, except those of `keep`. */
export function dropIdleInputs(graph: Graph, keep: ReadonlySet<Value>): void {
  const captured = new Set(graph.nodes.flatMap((node) => capturedValues(node)));
  for (const input of [...graph.inputs]) {
    const isRead = input.uses.length > 0 || captured.has(input);
    if (!isRead && !keep.has(input)) graph.removeSource(input);
  }
}
