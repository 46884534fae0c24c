/**
 * @file The one place where gradients are summed back to the shape of an input that was broadcast.
 */
import type { Value } from "../onnx/graph.js";
import type { SymbolicShape } from "../onnx/type-inference.js";
import type { Emitter } from "./emitter.js";

/**
 * Sums `dy` over the axes along which `x` was broadcast, giving the shape of `x`. `[…result]` → `[…x]`
 *
 * Axes are decided when the graph is made, where shapes allow it, otherwise when it runs. `matrix` says that the last two
 * axes are those of a matrix, which are never broadcast.
 */
export function unbroadcast(
  b: Emitter,
  dy: Value,
  { x, matrix = false }: { readonly x: Value; readonly matrix?: boolean },
): Value {
  const from = b.types.shape(dy);
  const to = b.types.shape(x);
  const axes =
    from === undefined || to === undefined ? undefined : staticAxes(from, to, { matrix });
  if (axes === undefined) return sumWhereBroadcast(b, dy, x);
  const leading = axes.leading.length === 0 ? dy : b.reduceSum(dy, axes.leading, false);
  return axes.inner.length === 0 ? leading : b.reduceSum(leading, axes.inner);
}

/** Axes to sum over: `leading` ones that x lacks, then `inner` ones that x has with size 1. */
interface StaticAxes {
  readonly leading: readonly number[];
  readonly inner: readonly number[];
}

/** `undefined` when a dimension of x may or may not be 1. */
function staticAxes(
  from: SymbolicShape,
  to: SymbolicShape,
  { matrix }: { readonly matrix: boolean },
): StaticAxes | undefined {
  const missing = from.length - to.length;
  if (missing < 0) return undefined;
  const inner: number[] = [];
  for (const [axis, dim] of (matrix ? to.slice(0, -2) : to).entries()) {
    const size = from[missing + axis];
    if (size === dim) continue;
    if (dim === 1) inner.push(axis);
    // a known size other than 1 is never broadcast, whatever symbol stands for it in the result
    else if (typeof dim !== "number") return undefined;
  }
  return { leading: Array.from({ length: missing }, (_, i) => i), inner };
}

/** The general form: compares the shapes when the graph runs. */
function sumWhereBroadcast(b: Emitter, dy: Value, x: Value): Value {
  const isSameRank = sameRank(b, dy, x);
  const shape = b.shape(x);
  const padded = isSameRank ? shape : padLeft(b, shape, b.shape(dy));
  const differs = b.op("Not", [b.op("Equal", [padded, b.shape(dy)])]);
  const axes = b.op("Squeeze", [b.op("NonZero", [differs]), b.ints([0])]);
  const summed = b.reduceSum(dy, axes);
  return isSameRank ? summed : b.reshape(summed, shape);
}

function sameRank(b: Emitter, dy: Value, x: Value): boolean {
  const rank = b.types.shape(x)?.length;
  return rank !== undefined && rank === b.types.shape(dy)?.length;
}

/** Puts ones before a shape until it has as many elements as `longer`. */
function padLeft(b: Emitter, shape: Value, longer: Value): Value {
  const missing = b.sub(b.shape(longer), b.shape(shape));
  return b.op("Concat", [b.op("Expand", [b.ints([1]), missing]), shape], { axis: 0n });
}
