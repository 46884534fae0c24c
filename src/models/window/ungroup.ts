/**
 * @file Keys and values that are repeated for the query heads of a group (`Expand`, then `Reshape`): the copies are left
 * out, because one product with all rows of the group needs none.
 */
import type { Node } from "../../onnx/graph.js";
import type { SymbolicShape, TypeInference } from "../../onnx/type-inference.js";

/** Where a chain repeats heads. */
export interface Repetition {
  /** The node that copies, and the one that joins the copies to the head axis. */
  readonly expand: Node;
  readonly join: Node;
  /** The axis that is copied, in the input of `expand`; the heads stand before it. */
  readonly axis: number;
  /** How often. */
  readonly repeats: number;
}

/** Operators that leave head axis and head count alone; `Transpose` is looked at. */
const KEEPING = new Set(["Transpose", "Mul", "Div", "Cast", "Identity"]);

/** The repetition of a chain whose later nodes neither name nor move the head axis; `undefined` for any other chain. */
export function findRepetition(
  chain: readonly Node[],
  types: TypeInference,
): Repetition | undefined {
  const at = chain.findIndex(({ op }) => op === "Expand");
  const [expand, join, ...rest] = at < 0 ? [] : chain.slice(at);
  if (expand === undefined || join?.op !== "Reshape") return undefined;
  const found = repetitionOf(
    types.shape(expand.input(0)),
    types.shape(expand.output()),
    types.shape(join.output()),
  );
  if (found === undefined) return undefined;
  const keepsHeads = rest.every((node) => {
    if (!KEEPING.has(node.op)) return false;
    return node.op !== "Transpose" || node.ints("perm", [])[found.axis - 1] === found.axis - 1;
  });
  return keepsHeads ? { expand, join, ...found } : undefined;
}

/** `[…, heads, 1, …]` → `[…, heads, repeats, …]` → `[…, heads · repeats, …]`. */
function repetitionOf(
  from: SymbolicShape | undefined,
  copied: SymbolicShape | undefined,
  joined: SymbolicShape | undefined,
): Pick<Repetition, "axis" | "repeats"> | undefined {
  if (from?.length !== copied?.length || from === undefined || copied === undefined)
    return undefined;
  const grown = from.flatMap((dim, i) => (dim === 1 && copied[i] !== 1 ? [i] : []));
  const [axis] = grown;
  if (axis === undefined || axis < 2 || grown.length !== 1) return undefined;
  const [heads, repeats] = [from[axis - 1], copied[axis]];
  if (typeof heads !== "number" || typeof repeats !== "number") return undefined;
  const expected = [...from.slice(0, axis - 1), heads * repeats, ...from.slice(axis + 1)];
  const isJoined =
    joined?.length === expected.length &&
    joined.every((dim, i) => dim === expected[i] || bothMove(dim, expected[i]));
  return isJoined ? { axis, repeats } : undefined;
}

/** Sizes that are not told apart by the file: a Reshape keeps the order of what is not joined. */
function bothMove(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string";
}
