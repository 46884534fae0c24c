/**
 * @file Rotary position embedding in primitive operators. With a, b the two halves of the rotated part (or its even
 * and odd elements, when interleaved) and one angle per pair:
 *
 *   y = x · [cos, cos] + [b, a] · [−sin, sin]  =  [a cos − b sin, b cos + a sin]
 *
 * Elements beyond the rotated part pass unchanged.
 */
import { present } from "../../../errors.js";
import type { Builder } from "../../builder.js";
import type { Value } from "../../graph.js";
import type { DType } from "../../tensor.js";
import { splitParts } from "./heads.js";
import { unsupported } from "./operator-table.js";
import { inType, knownSize, type FusedCase } from "./rewriting.js";

/** Angles of every token, as they stand beside `x`. */
export interface Angles {
  /** `[token, rotated / 2]` or `[batch, token, rotated / 2]`; their sines likewise. */
  readonly cos: Value;
  readonly sin: Value;
  /** Where the heads stand in x: 2 in `[batch, token, heads, dHead]`, 1 in `[batch, heads, token, dHead]`. */
  readonly headAxis: 1 | 2;
  readonly interleaved: boolean;
}

/** Rotates `x`, of rank 4; its last size has to be known. */
export function rotate(fused: FusedCase, x: Value, angles: Angles): Value {
  const { b } = fused;
  const rotated = 2 * knownSize(fused, angles.cos, -1);
  const rest = knownSize(fused, x, -1) - rotated;
  if (rest === 0) return rotateAll(fused, x, { ...angles, rotated });
  if (rest < 0) throw unsupported(fused.node, `${rotated} angles for heads of a smaller size`);
  const [front, back] = splitParts(b, x, { axis: 3, sizes: [rotated, rest] });
  const turned = rotateAll(fused, front, { ...angles, rotated });
  return b.op("Concat", [turned, back], { axis: 3n });
}

type Rotation = Angles & { readonly rotated: number };

function rotateAll(fused: FusedCase, x: Value, rotation: Rotation): Value {
  const { b, types } = fused;
  const dtype = types.dtype(x);
  const table = (which: "cos" | "sin"): Value => {
    const { interleaved, headAxis } = rotation;
    const key = ["rotary", which, rotation[which], interleaved, headAxis, dtype];
    return fused.shared(key, () => tableOf(fused, rotation, { which, dtype }));
  };
  const swapped = swapPairs(b, x, rotation);
  return b.op("Add", [b.op("Mul", [x, table("cos")]), b.op("Mul", [swapped, table("sin")])]);
}

/** [a, b] → [b, a] */
function swapPairs(b: Builder, x: Value, { interleaved, rotated }: Rotation): Value {
  if (!interleaved) {
    const [first, second] = splitParts(b, x, { axis: 3, sizes: [rotated / 2, rotated / 2] });
    return b.op("Concat", [second, first], { axis: 3n });
  }
  const pairs = b.op("Reshape", [x, b.ints([0, 0, 0, rotated / 2, 2])]);
  const [even, odd] = splitParts(b, pairs, { axis: 4, sizes: [1, 1] });
  const swapped = b.op("Concat", [odd, even], { axis: 4n });
  return b.op("Reshape", [swapped, b.ints([0, 0, 0, rotated])]);
}

/** [cos, cos] or [−sin, sin], in the order of x and with an axis for its heads. */
function tableOf(
  fused: FusedCase,
  { interleaved, headAxis, ...angles }: Rotation,
  { which, dtype }: { readonly which: "cos" | "sin"; readonly dtype: DType },
): Value {
  const { b, types } = fused;
  const own = angles[which];
  const half = inType(fused, own, dtype);
  const first = which === "cos" ? half : b.op("Neg", [half]);
  const rank = present(types.shape(own), "shape of angles").length;
  const whole = interleaved
    ? interleave(b, [first, half], rank)
    : b.op("Concat", [first, half], { axis: -1n });
  // beside [batch, heads, token, dHead] a table without batch already stands right
  if (rank === 2 && headAxis === 1) return whole;
  return b.op("Unsqueeze", [whole, b.ints([rank === 2 ? 1 : headAxis])]);
}

function interleave(b: Builder, parts: readonly Value[], rank: number): Value {
  const columns = parts.map((part) => b.op("Unsqueeze", [part, b.ints([rank])]));
  const pairs = b.op("Concat", columns, { axis: BigInt(rank) });
  return b.op("Reshape", [pairs, b.ints([...Array.from({ length: rank - 1 }, () => 0), -1])]);
}

/** Rows of a table of cosines or sines at integer positions; made once per table and positions. */
export function anglesAt({ b, shared }: FusedCase, table: Value, positions: Value): Value {
  return shared(["angles", table, positions], () =>
    b.op("Gather", [table, positions], { axis: 0n }),
  );
}
