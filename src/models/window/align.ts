/**
 * @file Values that do not depend on the residual (masks, rotation tables) are made for the whole prompt, as the file
 * makes them; here the rows and columns of the tokens at hand are picked from them.
 */
import type { Builder } from "../../onnx/builder.js";
import type { Value } from "../../onnx/graph.js";
import type { SymbolicDim, SymbolicShape, TypeInference } from "../../onnx/type-inference.js";
import { axisKey, fixed, isExactly, NotWindowable, sizeOf, type Axes, type Axis } from "./axes.js";
import type { Sizes } from "./sizes.js";

/** What picking stands on. */
export interface AlignContext {
  readonly b: Builder;
  readonly sizes: Sizes;
  /** Types of the graph before it was windowed. */
  readonly types: TypeInference;
  /** int64 `[batch, window]`: where the window's tokens stand in the prompt. */
  readonly position: Value;
  /** int64 `[1]`: tokens of the padded prompts. */
  readonly length: Value;
  /** Symbols of rows and tokens. */
  readonly batch: SymbolicDim;
  readonly token: SymbolicDim;
}

/** A value as the windowed graph uses it. */
export interface Aligned {
  readonly value: Value;
  readonly axes: Axes;
}

/** Picks from whole-prompt values, each pick made once. */
export class Alignment {
  readonly #known = new Map<Value, Map<string, Aligned>>();

  readonly #picked = new Map<Value, { readonly from: Value; readonly axes: Axes }>();

  constructor(readonly context: AlignContext) {}

  /** What `value` was picked from, and its axes; `undefined` for whatever was not made here. */
  picked(value: Value): { readonly from: Value; readonly axes: Axes } | undefined {
    return this.#picked.get(value);
  }

  /**
   * `value` with the rows or columns that meet the axes `target`, to which it is right-aligned.
   *
   * @throws {@link NotWindowable} when its shape is unknown or does not tell what an axis counts.
   */
  to(value: Value, target: Axes): Aligned {
    const shape = this.context.types.shape(value);
    if (shape === undefined) throw new NotWindowable(`"${value.name}" has no known shape`);
    const from = target.length - shape.length;
    if (from < 0) throw new NotWindowable(`"${value.name}" has more axes than it is used with`);
    const moving = shape.flatMap((dim, i) => (typeof dim === "string" ? [i + from] : []));
    const axes = target.map((axis, i) => axisAgainst(shape[i - from], axis, value));
    const picks = moving.filter((i) => i > 0 && sizeOf(target[i] ?? []) === undefined);
    if (picks.length === 0) return { value, axes: axes.slice(from) };
    const key = target.map((axis, i) => (picks.includes(i) ? axisKey(axis) : "-")).join();
    const cached = this.#known.get(value)?.get(key);
    if (cached !== undefined) return cached;
    const aligned = { value: this.#pick(value, { shape, target, picks }), axes };
    this.#picked.set(aligned.value, { from: value, axes });
    const byKey = this.#known.get(value) ?? new Map<string, Aligned>();
    this.#known.set(value, byKey.set(key, aligned));
    return aligned;
  }

  #pick(
    value: Value,
    { shape, target, picks }: { shape: SymbolicShape; target: Axes; picks: readonly number[] },
  ): Value {
    const { b, position } = this.context;
    if (!isExactly(target[0], "batch"))
      throw new NotWindowable(`"${value.name}" meets rows and heads in one axis`);
    let whole = this.#expand(value, { shape, rank: target.length, picks });
    for (const axis of picks) {
      const part = (index: Value): Value =>
        gatherTokens(b, whole, { axis, index, rank: target.length });
      if (isExactly(target[axis], "window")) whole = part(position);
      else if (isExactly(target[axis], "past"))
        whole = this.#past(whole, { axis, rank: target.length });
      else if (isExactly(target[axis], "keys")) {
        const past = this.#past(whole, { axis, rank: target.length });
        whole = b.op("Concat", [past, part(position)], { axis: BigInt(axis) });
      } else
        throw new NotWindowable(`"${value.name}" meets an axis ${axisKey(target[axis] ?? [])}`);
    }
    return whole;
  }

  /** All `rank` axes, rows and picked tokens at full size, so that picking needs no case for size 1. */
  #expand(
    value: Value,
    { shape, rank, picks }: { shape: SymbolicShape; rank: number; picks: readonly number[] },
  ): Value {
    const { b, sizes, length, batch, token } = this.context;
    const from = rank - shape.length;
    const isFull = (i: number): boolean => {
      if (i === 0) return shape[0 - from] === batch;
      return !picks.includes(i) || shape[i - from] === token;
    };
    if (from === 0 && Array.from({ length: rank }, (_, i) => i).every(isFull)) return value;
    const target = Array.from({ length: rank }, (_, i) => {
      if (i === 0) return sizes.axis(["batch"]);
      return picks.includes(i) ? length : b.ints([1]);
    });
    return b.op("Expand", [value, b.op("Concat", target, { axis: 0n })]);
  }

  /** The tokens before the window; the Reshape does nothing but say how many, which a gradient is glad to know. */
  #past(value: Value, { axis, rank }: { readonly axis: number; readonly rank: number }): Value {
    const { b, sizes } = this.context;
    const past = sizes.axis(["past"]);
    const slice = b.op("Slice", [value, b.ints([0]), past, b.ints([axis])]);
    const same = (n: number): Value[] => (n > 0 ? [b.ints(new Array<number>(n).fill(0))] : []);
    const shape = b.op("Concat", [...same(axis), past, ...same(rank - axis - 1)], { axis: 0n });
    return b.op("Reshape", [slice, shape]);
  }
}

/** What an axis of size `dim` counts when it meets `axis`. */
function axisAgainst(dim: SymbolicDim | undefined, axis: Axis, value: Value): Axis {
  if (dim === undefined || dim === 1) return [];
  if (typeof dim === "string") {
    // a size that the file does not tell is 1 or that of the axis it meets; 1 it cannot be found to be
    if (sizeOf(axis) !== 1) return axis;
    throw new NotWindowable(`"${value.name}" has an axis of unknown size where weights are`);
  }
  if (sizeOf(axis) === dim || sizeOf(axis) === 1) return fixed(dim);
  throw new NotWindowable(`"${value.name}" has ${dim} where ${axisKey(axis)} is`);
}

/** Picks tokens row by row: `index[row, n]` along `axis` of `[batch, …]`. */
function gatherTokens(
  b: Builder,
  value: Value,
  { axis, index, rank }: { axis: number; index: Value; rank: number },
): Value {
  const rest = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 0 && i !== axis);
  const forth = [0, axis, ...rest];
  const isInPlace = forth.every((from, to) => from === to);
  const turned = isInPlace ? value : b.op("Transpose", [value], { perm: forth.map(BigInt) });
  const picked = b.op("GatherND", [turned, b.op("Unsqueeze", [index, b.ints([2])])], {
    batch_dims: 1n,
  });
  const back = forth.map((_, to) => BigInt(forth.indexOf(to)));
  return isInPlace ? picked : b.op("Transpose", [picked], { perm: back });
}
