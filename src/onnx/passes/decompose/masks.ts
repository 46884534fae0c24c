/**
 * @file Additive attention masks: 0 where query i may see key j, {@link MASKED} elsewhere. float32, broadcastable to
 * `[batch, heads, token, key]`; made once per graph.
 *
 * NOTE: a large finite number and not −∞: a padded query that sees no key gets uniform weights and no NaN, which a
 * product with 0 would carry into the gradients of real positions.
 */
import type { Value } from "../../graph.js";
import type { SymbolicDim } from "../../type-inference.js";
import { inType, type FusedCase } from "./rewriting.js";

/** e^(−10³⁰ − m) is exactly 0 for every score m, and scores are lost beside it: 10³⁰ · 2⁻²⁴ > 10²². */
export const MASKED = -1e30;

/** Who sees whom. Lengths are those of `query` `[batch, token, …]` and of the keys. */
export interface Visibility {
  readonly tokens: TokenAxis;
  readonly keys: TokenAxis;
  /** j ≤ i. */
  readonly causal: boolean;
  /** i − j < window; with `causal` only. */
  readonly window?: number | undefined;
  /** Index of the last real key of each row, int32 or int64 `[batch]` or `[batch, 1]`: j ≤ lastKey. */
  readonly lastKey?: Value | undefined;
}

/** An axis that counts tokens: a value that has it. */
export interface TokenAxis {
  readonly of: Value;
  readonly axis: number;
}

/** The axis's size, or a name of it; equal names are equal sizes, so that what depends on the size alone is shared. */
export function lengthName({ types }: FusedCase, { of, axis }: TokenAxis): SymbolicDim {
  return types.shape(of)?.at(axis) ?? `?${of.name}`;
}

/** 0, 1, 2, …; int64 `[token]`. */
export function positionsOf(fused: FusedCase, axis: TokenAxis): Value {
  const { b, shared } = fused;
  return shared(["positions", lengthName(fused, axis)], () => {
    const size = b.op("Gather", [b.op("Shape", [axis.of]), b.ints(axis.axis)]);
    return b.op("Range", [b.ints(0), size, b.ints(1)]);
  });
}

/** The mask of a visibility; `undefined` when every query sees every key. */
export function visibilityMask(fused: FusedCase, visibility: Visibility): Value | undefined {
  const { b, shared } = fused;
  const { tokens, keys, causal, window, lastKey } = visibility;
  if (!causal && lastKey === undefined) return undefined;
  const key = [
    ...["visible", lengthName(fused, tokens), lengthName(fused, keys), causal, window ?? "all"],
    lastKey ?? "no padding",
  ];
  return shared(key, () => {
    const column = positionsOf(fused, keys);
    const parts = [
      ...(causal ? [causalPart(fused, visibility, column)] : []),
      ...(lastKey === undefined ? [] : [paddingPart(fused, lastKey, column)]),
    ];
    return whereVisible(
      fused,
      parts.reduce((all, part) => b.op("And", [all, part])),
    );
  });
}

/** Bool (true: visible) → additive. */
export function whereVisible({ b }: FusedCase, visible: Value): Value {
  return b.op("Where", [visible, b.float(0), b.float(MASKED)]);
}

/** `[token, key]` */
function causalPart(fused: FusedCase, { tokens, window }: Visibility, column: Value): Value {
  const { b } = fused;
  const row = b.op("Unsqueeze", [positionsOf(fused, tokens), b.ints([1])]);
  const behind = b.op("LessOrEqual", [column, row]);
  if (window === undefined) return behind;
  const near = b.op("Greater", [column, b.op("Sub", [row, b.ints(window)])]);
  return b.op("And", [behind, near]);
}

/** `[batch, 1, 1, key]` */
function paddingPart(fused: FusedCase, lastKey: Value, column: Value): Value {
  const { b } = fused;
  const last = inType(fused, lastKey, "int64");
  // [batch] by the book, [batch, 1] in files of builders before 0.18
  return b.op("LessOrEqual", [column, b.op("Reshape", [last, b.ints([-1, 1, 1, 1])])]);
}
