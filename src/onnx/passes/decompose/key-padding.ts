/**
 * @file Padding masks of com.microsoft.MultiHeadAttention and Attention: masked keys get `mask_filter_value` added to
 * their score; the causal part, where there is one, is exact.
 *
 *   [batch]               number of real keys          [batch, key]           0 where a key is padding
 *                                                      [batch, token, key]    0 where a query may not see a key
 */
import type { Value } from "../../graph.js";
import type { SymbolicDim } from "../../type-inference.js";
import { lengthName, positionsOf, type TokenAxis } from "./masks.js";
import { unsupported } from "./operator-table.js";
import { optionalInput, shapeOfInput, type FusedCase } from "./rewriting.js";

/** Added to the score of a masked key when the node does not say otherwise. */
const DEFAULT_FILTER = -10000;

/** Additive mask of input `index`, broadcastable to `[batch, heads, token, key]`; `undefined` when it is omitted. */
export function keyPaddingMask(
  fused: FusedCase,
  index: number,
  { keys, batch }: { readonly keys: TokenAxis; readonly batch: SymbolicDim },
): Value | undefined {
  const { node, b } = fused;
  const mask = optionalInput(node, index);
  if (mask === undefined) return undefined;
  const filter = node.float("mask_filter_value", DEFAULT_FILTER);
  const shape = shapeOfInput(fused, index);
  return fused.shared(["padding", mask, filter, lengthName(fused, keys)], () => {
    const real = [lengths, rows, pairs][shape.length - 1]?.(fused, mask, {
      keys,
      fits: shape[0] === batch,
    });
    if (real === undefined) throw unsupported(node, `a padding mask of rank ${shape.length}`);
    return b.op("Where", [real, b.float(0), b.float(filter)]);
  });
}

interface Context {
  readonly keys: TokenAxis;
  /** Is the first dimension known to be the batch? */
  readonly fits: boolean;
}

/** Key j is real iff j < lengths[batch]. `[batch, 1, 1, key]` */
function lengths(fused: FusedCase, mask: Value, { keys, fits }: Context): Value {
  const { node, b } = fused;
  // [2 · batch] and [3 · batch + 2] are other forms of the same rank
  if (!fits) throw unsupported(node, "a padding mask of rank 1 that is not known to be [batch]");
  const counts = b.op("Unsqueeze", [b.cast(mask, "int64"), b.ints([1, 2, 3])]);
  return b.op("Less", [positionsOf(fused, keys), counts]);
}

/** `[batch, key]` → `[batch, 1, 1, key]` */
function rows({ b }: FusedCase, mask: Value): Value {
  return b.op("Unsqueeze", [positive(b, mask), b.ints([1, 2])]);
}

/** `[batch, token, key]` → `[batch, 1, token, key]` */
function pairs({ b }: FusedCase, mask: Value): Value {
  return b.op("Unsqueeze", [positive(b, mask), b.ints([1])]);
}

function positive(b: FusedCase["b"], mask: Value): Value {
  return b.op("Greater", [b.cast(mask, "int64"), b.ints(0)]);
}
