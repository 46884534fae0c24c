/**
 * @file Derivatives of operators that only move elements.
 */
import type { Value } from "../../onnx/graph.js";
import { defineRules, noGradient, type Gradient, type RuleCase } from "../rule.js";
import { unbroadcast } from "../unbroadcast.js";

/** y has the elements of x in their order:  dx = dy in the shape of x */
function reshaped({ b, dy, x, nInputs }: RuleCase): Gradient[] {
  return [() => b.reshapeLike(dy, x(0)), noGradient("shape or axes")].slice(0, nInputs);
}

/** y = x with axes permuted;  dx = dy permuted back. The default, reversal, is its own inverse. */
function transposed({ b, dy, attributes }: RuleCase): Value {
  if (!attributes.has("perm")) return b.op("Transpose", [dy]);
  const perm = attributes.ints("perm");
  return b.transpose(
    dy,
    perm.map((_, axis) => perm.indexOf(axis)),
  );
}

/** y = the inputs one after the other along an axis;  dx_i = the slice of dy where x_i lies */
function concatenated({ b, dy, x, attributes, nInputs }: RuleCase): Gradient[] {
  const axis = attributes.int("axis");
  const sizes = Array.from({ length: nInputs }, (_, i) => () => b.size(x(i), axis));
  return sizes.map((size, i) => () => {
    const start = sizes
      .slice(0, i)
      .map((each) => each())
      .reduce((sum, each) => addSizes(sum, each), b.ints([0]));
    return b.op("Slice", [dy, start, addSizes(start, size()), b.ints([axis])]);
  });

  function addSizes(p: Value, q: Value): Value {
    const [m, n] = [p.numbers, q.numbers];
    return m?.[0] !== undefined && n?.[0] !== undefined ? b.ints([m[0] + n[0]]) : b.add(p, q);
  }
}

/** x cut into parts along an axis;  dx = the parts' gradients one after the other, zeros for parts without one */
function split({ b, dyAt, y, attributes, nInputs, nOutputs }: RuleCase): Gradient[] {
  const parts = (): Value[] =>
    Array.from({ length: nOutputs }, (_, i) => dyAt(i) ?? b.zerosLike(y(i)));
  const dx = (): Value => b.op("Concat", parts(), { axis: BigInt(attributes.int("axis", 0)) });
  return [dx, noGradient("sizes")].slice(0, nInputs);
}

/**
 * y = x repeated r_a times along each axis a;  dx = Σ over the copies: dy as [r_0, d_0, r_1, d_1, …], summed over the
 * even axes
 */
function tiled({ b, dy, x }: RuleCase): Value {
  const shape = b.shape(x(0));
  const column = (v: Value): Value => b.unsqueeze(v, [1]);
  const pairs = b.op("Concat", [column(x(1)), column(shape)], { axis: 1n });
  const interleaved = b.reshape(dy, b.reshape(pairs, b.ints([-1])));
  const rank = b.op("Squeeze", [b.shape(shape), b.ints([0])]);
  const evenAxes = b.op("Range", [b.ints(0), b.add(rank, rank), b.ints(2)]);
  return b.reduceSum(interleaved, evenAxes, false);
}

export const MOVEMENT_RULES = defineRules([
  { op: "Reshape", saves: ["x0"], vjp: reshaped },
  { op: "Flatten", saves: ["x0"], vjp: reshaped },
  { op: "Squeeze", saves: ["x0"], vjp: reshaped },
  { op: "Unsqueeze", saves: ["x0"], vjp: reshaped },
  { op: "Transpose", saves: [], vjp: (rule) => [() => transposed(rule)] },
  { op: "Concat", saves: ["x*"], vjp: concatenated },
  {
    op: "Split",
    saves: ["y*"],
    vjp: split,
  },

  // y = x repeated along axes of size 1;  dx = Σ over the copies
  {
    op: "Expand",
    saves: ["x0"],
    vjp: ({ b, dy, x }) => [() => unbroadcast(b, dy, { x: x(0) }), noGradient("shape")],
  },
  { op: "Tile", saves: ["x*"], vjp: (rule) => [() => tiled(rule), noGradient("repeats")] },
]);
