/**
 * @file The arithmetic of shapes: elements of short integer vectors, as exporters build them for Reshape and Expand
 * (`Concat(Gather(Shape(x), 0), [-1], [64])`).
 */
import type { Node, Value } from "./graph.js";
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
    const indices = node.input(1).numbers;
    if (data === undefined || types.shape(node.input(0))?.length !== 1) return undefined;
    const found = indices?.flatMap((i) => data[i < 0 ? i + data.length : i] ?? []);
    return found?.length === indices?.length ? found : undefined;
  },
  Slice: (node, types) => {
    const [data, ...rest] = node.inputs;
    const [starts, ends, , steps] = rest.map((value) => value?.numbers);
    if (!data || starts?.length !== 1 || ends?.length !== 1) return undefined;
    const isPlain = !node.inputs[4] || steps?.[0] === 1;
    return isPlain ? types.elements(data)?.slice(starts[0], ends[0]) : undefined;
  },
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  // integer division truncates; only exact quotients are followed
  Div: arithmetic((a, b) => (a % b === 0 ? a / b : undefined)),
};

function arithmetic(apply: (a: number, b: number) => number | undefined): ElementRule {
  return (node, types) => {
    const a = types.elements(node.input(0));
    const b = types.elements(node.input(1));
    if (a === undefined || b === undefined) return undefined;
    const n = Math.max(a.length, b.length);
    const pick = (from: SymbolicShape, i: number): SymbolicDim | undefined =>
      from.length === 1 ? from[0] : from[i];
    return Array.from({ length: n }, (_, i) => {
      const x = pick(a, i);
      const y = pick(b, i);
      const z = typeof x === "number" && typeof y === "number" ? apply(x, y) : undefined;
      return z ?? types.freshElement();
    });
  };
}
