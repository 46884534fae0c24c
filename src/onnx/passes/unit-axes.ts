/**
 * @file Axes of size 1. A transposition that moves only such axes is a Reshape, which copies nothing; a product with one
 * column, or over one term, is elementwise, without the cost of a product for each row:
 *
 *   [… m, c] × [… c, 1] = Σ_c a ∘ bᵀ        [… m, 1] × [… 1, n] = a ∘ b
 *
 * A suffix of one token is full of both.
 */
import { Builder } from "../builder.js";
import type { Node, Value } from "../graph.js";
import { TypeInference, type SymbolicShape } from "../type-inference.js";
import { supersede, type Pass } from "./pass.js";

/** Rewrites transpositions and products of unit axes. */
export const unitAxes: Pass = {
  name: "unit axes",
  requires: () => [],
  apply(model) {
    const types = new TypeInference(model.graph);
    const b = new Builder(model.graph, "unit");
    const replaced = model.graph.topologicalOrder().filter((node) => {
      const result = ROWS[node.op]?.(node, { b, types });
      if (result !== undefined) supersede(node, [result]);
      return result !== undefined;
    });
    return replaced.length;
  },
  ensures: () => [],
};

interface Context {
  readonly b: Builder;
  readonly types: TypeInference;
}

type Rewrite = (node: Node, context: Context) => Value | undefined;

const ROWS: Readonly<Record<string, Rewrite>> = {
  Transpose: reshapeInstead,
  MatMul: multiplyInstead,
  "com.microsoft.FusedMatMul": multiplyInstead,
};

function reshapeInstead(node: Node, { b, types }: Context): Value | undefined {
  const shape = types.shape(node.input(0));
  if (shape === undefined) return undefined;
  const backwards = shape.map((_, i) => shape.length - 1 - i);
  return reorder(b, node.input(0), { shape, order: node.ints("perm", backwards) });
}

interface Order {
  readonly shape: SymbolicShape;
  /** Which axis comes to each place. */
  readonly order: readonly number[];
}

/** Axes in another order by a Reshape, where all axes that are not 1 keep theirs and the sizes can be said. */
function reorder(b: Builder, value: Value, { shape, order }: Order): Value | undefined {
  const kept = order.filter((axis) => shape[axis] !== 1);
  if (kept.some((axis, i) => i > 0 && axis < (kept[i - 1] ?? 0))) return undefined;
  const sizes = order.map((axis, to) => {
    const dim = shape[axis];
    if (typeof dim === "number") return dim;
    return axis === to ? 0 : -1; // 0 copies the size that stood in this place
  });
  if (sizes.filter((size) => size === -1).length > 1) return undefined;
  return b.op("Reshape", [value, b.ints(sizes)]);
}

function multiplyInstead(node: Node, { b, types }: Context): Value | undefined {
  const [left, right] = [node.input(0), node.input(1)];
  const [a, c] = [types.shape(left), types.shape(right)];
  const flags = ["transA", "transBatchA", "transBatchB"];
  if (flags.some((flag) => node.int(flag, 0) !== 0) || !isBatched(a) || !isBatched(c))
    return undefined;
  const isTurned = node.int("transB", 0) !== 0;
  const turned = (): Value | undefined => reorder(b, right, { shape: c, order: lastTwo(c.length) });
  const made =
    c.at(isTurned ? -2 : -1) === 1
      ? sumOfProducts(b, left, isTurned ? right : turned())
      : a.at(-1) === 1
        ? product(b, left, isTurned ? turned() : right)
        : undefined;
  const alpha = node.float("alpha", 1);
  return made === undefined || alpha === 1 ? made : b.op("Mul", [made, b.float(alpha)]);
}

/** Products of activations; a weight is `[in, out]` and no batch of anything. */
function isBatched(shape: SymbolicShape | undefined): shape is SymbolicShape {
  return shape !== undefined && shape.length > 2;
}

function lastTwo(rank: number): readonly number[] {
  return [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
}

function product(b: Builder, left: Value, right: Value | undefined): Value | undefined {
  return right && b.op("Mul", [left, right]);
}

function sumOfProducts(b: Builder, left: Value, right: Value | undefined): Value | undefined {
  const terms = product(b, left, right);
  return terms && b.op("ReduceSum", [terms, b.ints([-1])], { keepdims: 1n });
}
