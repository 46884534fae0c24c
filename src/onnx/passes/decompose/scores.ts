/**
 * @file Scaled dot-product attention in primitive operators, softmax in float32:
 *
 *   Z = scale · Q Kᵀ;  Z ← c tanh(Z / c) (soft cap);  Z ← Z + masks;  P = softmax(Z);  O = P V
 *
 * Several query heads share a key head by folding them into the token axis, `[batch, kvHeads, group · token, dHead]`:
 * keys are never repeated, and the gradient of a key sums over its group by itself. Query head h belongs to key head
 * ⌊h / group⌋.
 */
import type { Builder } from "../../builder.js";
import type { Value } from "../../graph.js";
import { unsupported } from "./operator-table.js";
import { inType, knownSize, type FusedCase } from "./rewriting.js";

/** What attends to what. */
export interface Attending {
  /** `[batch, heads, token, dHead]` */
  readonly query: Value;
  /** `[batch, kvHeads, key, dHead]` */
  readonly key: Value;
  /** `[batch, kvHeads, key, dValue]` */
  readonly value: Value;
  readonly heads: number;
  readonly kvHeads: number;
  readonly scale: number;
  /** Largest magnitude of a score before masks; none when `undefined`. */
  readonly softcap?: number | undefined;
  /** Added to the scores, float, broadcastable to `[batch, heads, token, key]`. */
  readonly masks: readonly (Value | undefined)[];
  /** `[heads]`: logit of one more key per head that has no value. */
  readonly sink?: Value | undefined;
}

/** Attends; returns `[batch, heads, token, dValue]` in the element type of the query. */
export function attend(fused: FusedCase, attending: Attending): Value {
  const { b, types } = fused;
  const { heads, kvHeads } = attending;
  if (heads % kvHeads !== 0)
    throw unsupported(fused.node, `${heads} query heads for ${kvHeads} key heads`);
  const [query, key, value] = [attending.query, attending.key, attending.value].map((x) =>
    inFloat32(fused, x),
  ) as [Value, Value, Value]; // three in, three out
  const fold = (x: Value): Value => (heads === kvHeads ? x : refold(b, x, kvHeads));
  const unfold = (x: Value): Value => (heads === kvHeads ? x : refold(b, x, heads));
  const scores = unfold(scoresOf(b, { ...attending, query: fold(query), key }));
  const masked = attending.masks.reduce<Value>(
    (sum, mask) => (mask === undefined ? sum : b.op("Add", [sum, inFloat32(fused, mask)])),
    scores,
  );
  const weights = softmax(fused, masked, attending);
  const mixed = unfold(b.op("MatMul", [fold(weights), value]));
  return inType(fused, mixed, types.dtype(attending.query));
}

/** x in float32: scores and softmax overflow in half precision. */
export function inFloat32(fused: FusedCase, x: Value): Value {
  return inType(fused, x, "float32");
}

/** `[batch, a, n, d]` → `[batch, heads, a · n / heads, d]` */
function refold(b: Builder, x: Value, heads: number): Value {
  return b.op("Reshape", [x, b.ints([0, heads, -1, 0])]);
}

function scoresOf(b: Builder, { query, key, scale, softcap }: Attending): Value {
  const alpha = softcap === undefined ? scale : scale / softcap;
  const product = b.op(
    "FusedMatMul",
    [query, key],
    { transA: 0n, transB: 1n, alpha },
    { domain: "com.microsoft" },
  );
  return softcap === undefined ? product : b.op("Mul", [b.op("Tanh", [product]), b.float(softcap)]);
}

function softmax(fused: FusedCase, scores: Value, { sink, heads, key }: Attending): Value {
  const { b } = fused;
  if (sink === undefined) return b.op("Softmax", [scores], { axis: -1n });
  // one more column takes its share of the weight and is cut off again
  const column = b.op("Reshape", [inFloat32(fused, sink), b.ints([1, heads, 1, 1])]);
  const first = b.op("Slice", [scores, b.ints([0]), b.ints([1]), b.ints([3])]);
  const like = b.op("Expand", [column, b.op("Shape", [first])]);
  const wide = b.op("Softmax", [b.op("Concat", [scores, like], { axis: -1n })], { axis: -1n });
  const size = b.op("Unsqueeze", [b.op("Gather", [b.op("Shape", [key]), b.ints(2)]), b.ints([0])]);
  return b.op("Slice", [wide, b.ints([0]), size, b.ints([3])]);
}

/** The attribute `softcap`, where 0 or nothing stands for none. */
export function softcapOf({ node }: FusedCase): number | undefined {
  const given = node.float("softcap", 0);
  return given > 0 ? given : undefined;
}

/** The attribute `scale`, where 0 or nothing stands for 1/√dHead. */
export function scaleOf(fused: FusedCase, query: Value): number {
  const given = fused.node.float("scale", 0);
  return given === 0 ? 1 / Math.sqrt(knownSize(fused, query, -1)) : given;
}
