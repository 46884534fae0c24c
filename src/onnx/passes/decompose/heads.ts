/**
 * @file Layouts of heads, and parts of packed tensors.
 *
 *   flat [batch, token, heads · dHead]  ↔  by token [batch, token, heads, dHead]  ↔  by head [batch, heads, token, dHead]
 */
import { invariant } from "../../../errors.js";
import type { Builder } from "../../builder.js";
import type { Value } from "../../graph.js";

/** Flat → by token. */
export function splitHeads(b: Builder, x: Value, heads: number): Value {
  return b.op("Reshape", [x, b.ints([0, 0, heads, -1])]);
}

/** By token ↔ by head. */
export function swapHeads(b: Builder, x: Value): Value {
  return b.op("Transpose", [x], { perm: [0n, 2n, 1n, 3n] });
}

/** Flat → by head. */
export function toHeads(b: Builder, x: Value, heads: number): Value {
  return swapHeads(b, splitHeads(b, x, heads));
}

/** By head → flat. */
export function fromHeads(b: Builder, x: Value): Value {
  return b.op("Reshape", [swapHeads(b, x), b.ints([0, 0, -1])]);
}

/** Parts of `x` along an axis, of the given sizes. */
export function splitParts<const Sizes extends readonly number[]>(
  b: Builder,
  x: Value,
  { axis, sizes }: { readonly axis: number; readonly sizes: Sizes },
): { readonly [K in keyof Sizes]: Value } {
  const node = b.node(
    "Split",
    [x, b.ints(sizes)],
    { axis: BigInt(axis) },
    { outputs: sizes.length },
  );
  invariant(node.outputs.length === sizes.length, "outputs of Split");
  return node.outputs as unknown as { readonly [K in keyof Sizes]: Value }; // one output per size
}
