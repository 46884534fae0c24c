/**
 * @file Derivatives of gathers: rows that are read several times get the sum of their gradients.
 */
import type { Value } from "../../onnx/graph.js";
import type { Emitter } from "../emitter.js";
import { defineRules, noGradient, type RuleCase } from "../rule.js";

const INDICES = noGradient("indices");

/** First opset whose scatter operators can add. */
const SCATTER_ADDS = 16;

/**
 * y = x at `indices` along one axis. With dy as [before, index, after] and M[i, j] = [index j reads row i]:
 * dx = M dy, in the shape of x. A product rather than a scatter: it needs neither opset 16 nor a known rank.
 */
function gathered({ b, dy, x, attributes }: RuleCase): Value {
  const axis = attributes.int("axis", 0);
  const length = b.size(x(0), axis);
  const rows = rowsOf(b, { indices: x(1), length });
  const isRead = b.op("Equal", [rows.each, b.unsqueeze(rows.read, [0])]);
  const after = axis === -1 ? b.ints([1]) : sizeAfter(b, x(0), axis);
  const flat = b.reshape(
    dy,
    b.op("Concat", [b.ints([-1]), b.shape(rows.read), after], { axis: 0n }),
  );
  return b.reshapeLike(b.op("MatMul", [b.castLike(isRead, dy), flat]), x(0));
}

/** `each`: `[row, 1]` all positions of the axis; `read`: `[index]` the positions read, none negative. */
function rowsOf(
  b: Emitter,
  { indices, length }: { indices: Value; length: Value },
): { readonly each: Value; readonly read: Value } {
  const list = b.castTo(b.op("Reshape", [indices, b.ints([-1])]), "int64");
  const isNegative = b.op("Less", [list, b.ints([0])]);
  const read = b.op("Where", [isNegative, b.add(list, length), list]);
  const all = b.op("Range", [b.ints(0), b.op("Squeeze", [length, b.ints([0])]), b.ints(1)]);
  return { each: b.unsqueeze(all, [1]), read };
}

/** Number of elements behind an axis, as an int64 vector of one element. */
function sizeAfter(b: Emitter, x: Value, axis: number): Value {
  const end = b.shape(b.shape(x)); // one element: the rank
  const sizes = b.op("Slice", [b.shape(x), b.ints([axis + 1]), end, b.ints([0])]);
  return b.op("ReduceProd", [sizes], { keepdims: 1n });
}

export const INDEXING_RULES = defineRules([
  { op: "Gather", saves: ["x*"], vjp: (rule) => [() => gathered(rule), INDICES] },

  // y[…, j, …] = x[…, index[…, j, …], …];  dx = zeros with dy added at the indices. One index per line reads nothing
  // twice, so that opsets before 16 can do it as well
  {
    op: "GatherElements",
    saves: ["x*"],
    refuses: ({ node, opset, types }) => {
      const isSingle = types.shape(node.input(1))?.at(node.int("axis", 0)) === 1;
      return opset >= SCATTER_ADDS || isSingle ? undefined : "opset before 16 cannot scatter-add";
    },
    vjp: ({ b, dy, x, attributes }) => [
      () => {
        const axis = BigInt(attributes.int("axis", 0));
        const adds = b.opset >= SCATTER_ADDS ? { reduction: "add" } : {};
        return b.op("ScatterElements", [b.zerosLike(x(0)), x(1), dy], { axis, ...adds });
      },
      INDICES,
    ],
  },

  // y[j] = x[index[j]];  dx = zeros with dy added at the indices
  {
    op: "GatherND",
    saves: ["x*"],
    refuses: ({ node, opset }) => {
      if (opset < SCATTER_ADDS) return "opset before 16 cannot scatter-add";
      return node.int("batch_dims", 0) === 0 ? undefined : "batch axes";
    },
    vjp: ({ b, dy, x }) => [
      () => b.op("ScatterND", [b.zerosLike(x(0)), x(1), dy], { reduction: "add" }),
      INDICES,
    ],
  },
]);
