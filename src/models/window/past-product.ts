/**
 * @file Products with keys or values of the past. One prompt's past serves all rows of that prompt, and one head of keys
 * all query heads of its group; both become rows of one product instead of products of their own:
 *
 *   [prompts · variants, heads · repeats, window, c] × [prompts, heads, c, n]
 *     → [prompts, heads, variants · repeats · window, c] × [prompts, heads, c, n]
 *
 * Nothing but the order of the same products changes.
 */
import type { Builder } from "../../onnx/builder.js";
import type { Node, Value } from "../../onnx/graph.js";
import { sameOperator } from "../same-operator.js";
import { fixed, NotWindowable, type Axes, type Axis } from "./axes.js";
import type { Sizes } from "./sizes.js";

/** The operand made of captured keys or values. */
export interface PastOperand {
  readonly value: Value;
  /** `[prompts, heads …, a, b]`; head axes of size 1 serve all heads of the other operand. */
  readonly axes: Axes;
  /** The first so many head axes are each this many times smaller than those they meet: groups of query heads. */
  readonly repeats: number;
}

/** A left operand with its axes. */
interface Rows {
  readonly value: Value;
  readonly axes: Axes;
}

interface Emit {
  readonly b: Builder;
  readonly sizes: Sizes;
}

/** `rows × past` by the operator of `node`, in the axes `[batch, heads …, rows, columns]` of the unfolded product. */
export function multiplyPast(
  node: Node,
  { rows, past }: { readonly rows: Rows; readonly past: PastOperand },
  emit: Emit,
): Value {
  const groups = sharedHeads(rows.axes, past);
  const result = [...rows.axes.slice(0, -1), columnsOf(node, past)];
  return groups === undefined
    ? broadcast(node, { rows, past, result }, emit)
    : fold(node, { rows, past, result, groups }, emit);
}

function columnsOf(node: Node, { axes }: PastOperand): Axis {
  return axes.at(node.int("transB", 0) === 0 ? -1 : -2) ?? [];
}

/** Heads of the past, and how many neighbouring query heads each serves. */
interface Groups {
  readonly heads: number;
  readonly repeats: number;
}

/** The groups of heads; `undefined` where query heads are dealt to them in another order. */
function sharedHeads(rows: Axes, { axes, repeats }: PastOperand): Groups | undefined {
  const [own, theirs] = [rows.slice(0, -2).flat(), axes.slice(0, -2).flat()].map(numbersOf);
  if (own === undefined || theirs === undefined) return undefined;
  const [all, heads] = [product(own), product(theirs)];
  if (repeats > 1) return all === heads * repeats ? { heads, repeats } : undefined;
  const isPrefix = theirs.every((size, i) => own[i] === size);
  return isPrefix ? { heads, repeats: all / heads } : undefined;
}

function numbersOf(factors: Axis): number[] {
  return factors.filter((factor) => typeof factor === "number").filter((size) => size !== 1);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}

interface Product {
  readonly rows: Rows;
  readonly past: PastOperand;
  readonly result: Axes;
}

function fold(
  node: Node,
  { rows, past, result, groups }: Product & { readonly groups: Groups },
  { b, sizes }: Emit,
): Value {
  const heads = fixed(groups.heads);
  const inner = [groups.repeats, ...(rows.axes.at(-2) ?? [])];
  const [contracted, columns] = [rows.axes.at(-1) ?? [], result.at(-1) ?? []];
  const reshape = (value: Value, axes: Axes): Value => b.op("Reshape", [value, sizes.shape(axes)]);
  const exchange = (value: Value): Value =>
    b.op("Transpose", [value], { perm: [0n, 2n, 1n, 3n, 4n] });
  const apart = reshape(rows.value, [["prompts"], ["variants"], heads, inner, contracted]);
  const folded = reshape(exchange(apart), [["prompts"], heads, ["variants", ...inner], contracted]);
  const operand = reshape(past.value, [["prompts"], heads, ...past.axes.slice(-2)]);
  const made = sameOperator(b, node, [folded, operand]);
  const unfolded = reshape(made, [["prompts"], heads, ["variants"], inner, columns]);
  return reshape(exchange(unfolded), result);
}

/** Each prompt's past, broadcast over its rows. */
function broadcast(node: Node, { rows, past, result }: Product, { b, sizes }: Emit): Value {
  if (past.repeats > 1) throw new NotWindowable("heads that are grouped in a way not known");
  const [first, ...rest] = rows.axes;
  const [own, ...inner] = first ?? [];
  if (own !== "batch") throw new NotWindowable("rows that are not the outermost axis");
  const lead: Axes = inner.length === 0 ? [] : [inner];
  const apart = b.op("Reshape", [
    rows.value,
    sizes.shape([["prompts"], ["variants"], ...lead, ...rest]),
  ]);
  const [prompts, ...others] = past.axes[0] ?? [];
  const pastLead: Axes = others.length === 0 ? [] : [others];
  if (prompts !== "prompts") throw new NotWindowable("prompts that are not the outermost axis");
  const shape = [["prompts" as const], [], ...pastLead, ...past.axes.slice(1)];
  const operand = b.op("Reshape", [past.value, sizes.shape(shape)]);
  return b.op("Reshape", [sameOperator(b, node, [apart, operand]), sizes.shape(result)]);
}
