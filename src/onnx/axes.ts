/**
 * @file Axes of an operator, which older versions keep in an attribute and newer ones take as an input.
 */
import type { Node } from "./graph.js";
import type { TypeInference } from "./type-inference.js";

/**
 * Axes as written (negative ones too); `undefined` when none are given, `"dynamic"` when they are computed.
 * `input` is the position of the axes input.
 */
export function operatorAxes(
  node: Node,
  { input, types }: { readonly input: number; readonly types: TypeInference },
): readonly number[] | "dynamic" | undefined {
  const value = node.inputs[input];
  if (value) return types.integers(value) ?? "dynamic";
  return node.attributes.has("axes") ? node.ints("axes") : undefined;
}
