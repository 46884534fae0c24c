/** @file Values that no input of a graph can change. */
import type { Value } from "../onnx/graph.js";

/** Is the value made of constants only? */
export function isFrozen(value: Value): boolean {
  if (value.producer === undefined) return value.initializer !== undefined && !value.isInput;
  return value.producer.inputs.every((input) => input === null || isFrozen(input));
}
