/**
 * @file The arithmetic of shapes: elements of short integer vectors, as exporters build them for Reshape and Expand
 * (`Concat(Gather(Shape(x), 0), [-1], [64])`).
 */
import { present } from "../errors.js";
import type { Node, Value } from "./graph.js";
import { readNumbers } from "./tensor.js";
import {
  MAX_ELEMENTS,
  type SymbolicDim,
  type SymbolicShape,
  type TypeInference,
} from "./type-inference.js";

type ElementRule = (node: Node, types: TypeInference) => SymbolicShape | undefined;

/** Elements of an integer vector or scalar; `undefined` for longer, floating or unknown ones. */
export function readElements(value: Value, types: TypeInference): SymbolicShape | undefined {
  const dtype = types.knownDtype(value);
  if (dtype !== "int64" && dtype !== "int32") return undefined;
  const constant = value.constant;
  if (
    constant !== undefined &&
    constant.dims.length <= 1 &&
    (constant.dims[0] ?? 1) <= MAX_ELEMENTS
  )
    return value.numbers;
  const node = value.producer;
  const known = node === undefined ? undefined : ELEMENT_RULES[node.opType]?.(node, types);
  if (known !== undefined) return known;
  const shape = types.shape(value);
  const count = shape?.length === 0 ? 1 : shape?.[0];
  const isVector = shape !== undefined && shape.length <= 1;
  return isVector && typeof count === "number" && count <= MAX_ELEMENTS
    ? Array.from({ length: count }, () => types.freshElement())
    : undefined;
}

const same: ElementRule = (node, types) => {
  const shape = types.shape(node.output());
  return shape !== undefined && shape.length <= 1 ? types.elements(node.input(0)) : undefined;
};

const ELEMENT_RULES: Readonly<Record<string, ElementRule>> = {
  Identity: same,
  Cast: same,
  Squeeze: same,
  Unsqueeze: same,
  Reshape: same,
  Shape: (node, types) => {
    const end = node.attributes.has("end") ? node.int("end") : undefined;
    return types.shape(node.input(0))?.slice(node.int("start", 0), end);
  },
  Concat: (node, types) => {
    const parts = node.inputs.map((value) => (value ? types.elements(value) : undefined));
    const known = parts.filter((part) => part !== undefined);
    return known.length === parts.length ? known.flat() : undefined;
  },
  Gather: (node, types) => {
    const data = types.elements(node.input(0));
    const indices = types.integers(node.input(1));
    if (data === undefined || types.shape(node.input(0))?.length !== 1) return undefined;
    const found = indices?.flatMap((i) => data[i < 0 ? i + data.length : i] ?? []);
    return found?.length === indices?.length ? found : undefined;
  },
  Slice: (node, types) => {
    const [data, ...rest] = node.inputs;
    const [starts, ends, , steps] = rest.map((value) => types.integers(value));
    if (!data || starts?.length !== 1 || ends?.length !== 1) return undefined;
    const isPlain = !node.inputs[4] || steps?.[0] === 1;
    return isPlain ? types.elements(data)?.slice(starts[0], ends[0]) : undefined;
  },
  // an Expand that repeats nothing
  Expand: (node, types) => {
    const [from, to] = [types.shape(node.input(0)), types.shape(node.output())];
    const isIdle = from?.length === to?.length && from?.every((dim, i) => dim === to?.[i]);
    return isIdle === true ? same(node, types) : undefined;
  },
  ConstantOfShape: (node, types) => {
    const [length] = types.elements(node.input(0)) ?? [];
    const value = node.attributes.get("value");
    const fill = value?.kind === "tensor" ? readNumbers(value.value)?.[0] : 0;
    if (typeof length !== "number" || length > MAX_ELEMENTS || fill === undefined) return undefined;
    return types.shape(node.output())?.length === 1
      ? Array.from({ length }, () => fill)
      : undefined;
  },
  Add: arithmetic(addDims),
  Sub: arithmetic((a, b) => (b === 0 ? a : onNumbers(a, b, (x, y) => x - y))),
  Mul: arithmetic((a, b) => {
    if (a === 1 || b === 1) return a === 1 ? b : a;
    return onNumbers(a, b, (x, y) => x * y);
  }),
  // integer division truncates; runtimes differ on negative numbers, which sizes are not
  Div: arithmetic((a, b) =>
    b === 1 ? a : onNumbers(a, b, (x, y) => (x >= 0 && y > 0 ? Math.floor(x / y) : undefined)),
  ),
  Where: chosen,
};

/**
 * Sum of two dimensions. Symbols join as `a + b`, so that equal sums have equal names; exporters call the length of a
 * cache and what is appended to it the same way.
 */
export function addDims(a: SymbolicDim, b: SymbolicDim): SymbolicDim | undefined {
  if (a === 0 || b === 0) return a === 0 ? b : a;
  if (typeof a === "number" && typeof b === "number") return a + b;
  return isDimension(a) && isDimension(b) ? `${a} + ${b}` : undefined;
}

/** Is this a size, known or not, and no unknown integer that may be negative? */
export function isDimension(dim: SymbolicDim): boolean {
  return typeof dim === "number" ? dim >= 0 : !dim.startsWith("=");
}

function onNumbers(
  a: SymbolicDim,
  b: SymbolicDim,
  apply: (x: number, y: number) => number | undefined,
): number | undefined {
  return typeof a === "number" && typeof b === "number" ? apply(a, b) : undefined;
}

function arithmetic(
  apply: (a: SymbolicDim, b: SymbolicDim) => SymbolicDim | undefined,
): ElementRule {
  return (node, types) => {
    const pairs = pairUp(types.elements(node.input(0)), types.elements(node.input(1)));
    return pairs?.map(([a, b]) => apply(a, b) ?? types.freshElement());
  };
}

function pairUp(
  a: SymbolicShape | undefined,
  b: SymbolicShape | undefined,
): [SymbolicDim, SymbolicDim][] | undefined {
  if (a === undefined || b === undefined) return undefined;
  const pick = (from: SymbolicShape, i: number): SymbolicDim | undefined =>
    from.length === 1 ? from[0] : from[i];
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    const [x, y] = [pick(a, i), pick(b, i)];
    return [present(x, "element"), present(y, "element")];
  });
}

/** `Where(Equal(shape, −1), ones, shape)`: how exporters turn "keep this dimension" into a target for Expand. */
function chosen(node: Node, types: TypeInference): SymbolicShape | undefined {
  const test = node.input(0).producer;
  if (test?.op !== "Equal") return undefined;
  const tested = pairUp(types.elements(test.input(0)), types.elements(test.input(1)));
  const options = pairUp(types.elements(node.input(1)), types.elements(node.input(2)));
  if (tested === undefined || options === undefined || tested.length !== options.length)
    return undefined;
  return options.map(([yes, no], i) => {
    const [a, b] = present(tested[i], "pair");
    const isEqual = areEqual(a, b);
    if (isEqual === undefined) return types.freshElement();
    return isEqual ? yes : no;
  });
}

function areEqual(a: SymbolicDim, b: SymbolicDim): boolean | undefined {
  if (a === b) return true;
  if (typeof a === "number" && typeof b === "number") return false;
  // a negative number never equals a size; two symbols, or an unknown integer, may be equal
  const isNegative = [a, b].some((dim) => typeof dim === "number" && dim < 0);
  const hasSize = [a, b].some(isDimension);
  return isNegative && hasSize ? false : undefined;
}
