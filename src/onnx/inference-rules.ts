/**
 * @file How the operators of decoder graphs make element types and shapes from those of their inputs. A row that
 * cannot know returns `undefined`; an operator without a row has the element type of its first input and no shape.
 */
import { ATTENTION_SHAPE_RULES } from "./attention-inference.js";
import { operatorAxes } from "./axes.js";
import { addDims, isDimension } from "./element-inference.js";
import type { Node } from "./graph.js";
import { dtypeOf, type DType } from "./tensor.js";
import {
  broadcastShapes,
  type SymbolicDim,
  type SymbolicShape,
  type TypeInference,
} from "./type-inference.js";

/** One question to a rule: output `output` of `node`. */
export interface InferenceCase {
  readonly node: Node;
  readonly types: TypeInference;
  readonly output: number;
}

type Rule<T> = (question: InferenceCase) => T | undefined;
type Table<T> = Readonly<Record<string, Rule<T>>>;

function rows<T>(names: readonly string[], rule: Rule<T>): Table<T> {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

const COMPARISONS = ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"];
const LOGIC = ["And", "Or", "Xor"];
const TESTS = ["Not", "IsNaN", "IsInf"];
const UNARY = [
  ...["Identity", "Cast", "CastLike", "Neg", "Abs", "Sign", "Sqrt", "Reciprocal", "Exp", "Log"],
  ...["Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Relu", "Clip", "Floor", "Ceil", "Round", "Not"],
  ...["IsNaN", "IsInf", "Softmax", "LogSoftmax", "Gelu", "FastGelu", "QuickGelu", "BiasGelu"],
  ...["CumSum", "Trilu", "ScatterElements", "ScatterND", "Dropout", "RotaryEmbedding"],
  ...["Softplus", "Elu", "LeakyRelu", "HardSigmoid", "HardSwish", "Mish"],
];
const BROADCASTING = [
  ...["Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max", "Where", ...COMPARISONS, ...LOGIC],
];
const REDUCTIONS = [
  ...["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSumExp"],
  ...["ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum"],
];
const NORMS = ["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"];

const inputDtype =
  (index: number): Rule<DType> =>
  ({ node, types }) => {
    const value = node.inputs[index];
    return value ? types.knownDtype(value) : undefined;
  };

/** Element types; operators that are not listed keep the type of input 0. */
export const DTYPE_RULES: Table<DType> = {
  ...rows([...COMPARISONS, ...LOGIC, ...TESTS], () => "bool"),
  ...rows(["Shape", "Size", "NonZero", "ArgMax", "ArgMin"], () => "int64"),
  Cast: ({ node }) => dtypeOf(node.int("to"), `node "${node.name}"`),
  CastLike: inputDtype(1),
  Where: inputDtype(1),
  Dropout: ({ node, types, output }) => (output === 1 ? "bool" : types.knownDtype(node.input(0))),
  ConstantOfShape: ({ node }) => {
    const value = node.attributes.get("value");
    return value?.kind === "tensor" ? value.value.dtype : "float32";
  },
  Constant: ({ node }) => {
    const value = node.attributes.get("value");
    if (value?.kind === "tensor") return value.value.dtype;
    if (node.attributes.has("value_float") || node.attributes.has("value_floats")) return "float32";
    return node.attributes.has("value_int") || node.attributes.has("value_ints")
      ? "int64"
      : undefined;
  },
  MatMulInteger: () => "int32",
  DequantizeLinear: ({ node, types }) => {
    const asked = node.int("output_dtype", 0);
    return asked === 0 ? inputDtype(1)({ node, types, output: 0 }) : dtypeOf(asked, node.name);
  },
  GatherBlockQuantized: inputDtype(2),
};

const shapeOf =
  (index: number): Rule<SymbolicShape> =>
  ({ node, types }) => {
    const value = node.inputs[index];
    return value ? types.shape(value) : undefined;
  };

/** A shape vector of n elements gives a shape of rank n. An unknown element may be −1 or 0: it names no dimension. */
function shapeFrom({ node, types }: InferenceCase, index: number): SymbolicShape | undefined {
  const value = node.inputs[index];
  const elements = value ? types.elements(value) : undefined;
  return elements?.map((dim) => (isDimension(dim) || dim === -1 ? dim : types.fresh()));
}

/** Shapes; operators that are not listed are unknown. */
export const SHAPE_RULES: Table<SymbolicShape> = {
  ...rows(UNARY, shapeOf(0)),
  ...rows(BROADCASTING, ({ node, types }) =>
    broadcastShapes(
      node.inputs.map((value) => (value ? types.shape(value) : undefined)),
      types,
    ),
  ),
  ...rows(REDUCTIONS, reductionShape),
  ...rows(["MatMul", "FusedMatMul"], matmulShape),
  ...rows(NORMS, (question) => (question.output === 0 ? shapeOf(0)(question) : undefined)),
  ...ATTENTION_SHAPE_RULES,
  Gemm: ({ node, types }) => {
    const a = types.shape(node.input(0));
    const b = types.shape(node.input(1));
    const rows = a?.[node.int("transA", 0) === 0 ? 0 : 1];
    const columns = b?.[node.int("transB", 0) === 0 ? 1 : 0];
    return [rows ?? types.fresh(), columns ?? types.fresh()];
  },
  Constant: ({ node }) => {
    const value = node.attributes.get("value");
    return value?.kind === "tensor" ? value.value.dims : undefined;
  },
  ConstantOfShape: (question) => shapeFrom(question, 0),
  Reshape: reshapeShape,
  Expand: (question) =>
    broadcastShapes([shapeOf(0)(question), shapeFrom(question, 1)], question.types),
  Flatten: ({ types }) => types.freshShape(2),
  Shape: ({ node, types }) => {
    const rank = types.shape(node.input(0))?.length;
    if (rank === undefined) return [types.fresh()];
    const end = node.attributes.has("end") ? node.int("end") : undefined;
    return [Array.from({ length: rank }).slice(node.int("start", 0), end).length];
  },
  Size: () => [],
  Range: ({ node, types }) => {
    const [start, limit, step] = node.inputs.map((value) => value && types.elements(value)?.[0]);
    return [(step === 1 ? rangeLength(start, limit) : undefined) ?? types.fresh()];
  },
  NonZero: ({ node, types }) => [
    types.shape(node.input(0))?.length ?? types.fresh(),
    types.fresh(),
  ],
  Transpose: ({ node, types }) => {
    const shape = types.shape(node.input(0));
    const perm = node.attributes.has("perm") ? node.ints("perm") : undefined;
    if (perm === undefined) return shape?.toReversed();
    return perm.map((from) => shape?.[from] ?? types.fresh());
  },
  Unsqueeze: ({ node, types }) => {
    const shape = types.shape(node.input(0));
    const axes = operatorAxes(node, { input: 1, types });
    if (shape === undefined || axes === undefined || axes === "dynamic") return undefined;
    const rank = shape.length + axes.length;
    const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
    const rest = [...shape];
    return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (rest.shift() ?? 1)));
  },
  Squeeze: ({ node, types }) => {
    const shape = types.shape(node.input(0));
    const axes = operatorAxes(node, { input: 1, types });
    if (shape === undefined || axes === undefined || axes === "dynamic") return undefined;
    const gone = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
    return shape.filter((_, i) => !gone.has(i));
  },
  Concat: ({ node, types }) => {
    const shapes = node.inputs.map((value) => (value ? types.shape(value) : undefined));
    const first = shapes.find((shape) => shape !== undefined);
    if (first === undefined) return undefined;
    const axis = fromEnd(node.int("axis"), first.length);
    return first.map((dim, i) =>
      i === axis
        ? sumDims(
            shapes.map((s) => s?.[i]),
            types,
          )
        : dim,
    );
  },
  Split: ({ node, types, output }) => {
    const shape = types.shape(node.input(0));
    const axis = fromEnd(node.int("axis", 0), shape?.length ?? 0);
    const total = shape?.[axis];
    const given = node.inputs[1] ? types.elements(node.inputs[1])?.[output] : undefined;
    const isTold = typeof given === "number" || given?.startsWith("=") === false;
    const n = node.outputs.length;
    // without sizes the parts are equal; the last one may be smaller from opset 18 on
    const even = typeof total === "number" && total % n === 0 ? total / n : undefined;
    const size = node.inputs[1] ? (isTold ? given : undefined) : even;
    return shape?.map((dim, i) => (i === axis ? (size ?? types.fresh()) : dim));
  },
  Slice: sliceShape,
  Gather: ({ node, types }) => {
    const data = types.shape(node.input(0));
    const indices = types.shape(node.input(1));
    if (data === undefined || indices === undefined) return undefined;
    const axis = fromEnd(node.int("axis", 0), data.length);
    return [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
  },
  GatherElements: shapeOf(1),
  GatherND: ({ node, types }) => {
    const data = types.shape(node.input(0));
    const indices = types.shape(node.input(1));
    const depth = indices?.at(-1);
    if (data === undefined || indices === undefined || typeof depth !== "number") return undefined;
    return [...indices.slice(0, -1), ...data.slice(node.int("batch_dims", 0) + depth)];
  },
  DequantizeLinear: shapeOf(0),
  GatherBlockQuantized: blockGatherShape,
  MatMulNBits: (question) => {
    const data = shapeOf(0)(question);
    return data && [...data.slice(0, -1), question.node.int("N")];
  },
  Tile: ({ node, types }) => {
    const repeats = types.integers(node.input(1));
    return types.shape(node.input(0))?.map((dim, i) => {
      const times = repeats?.[i];
      if (times === 1) return dim;
      return typeof dim === "number" && times !== undefined ? dim * times : types.fresh();
    });
  },
  Pad: ({ node, types }) => {
    const shape = types.shape(node.input(0));
    return shape === undefined ? undefined : types.freshShape(shape.length);
  },
};

/** As Gather; packed bytes hold several elements along the last axis. */
function blockGatherShape({ node, types }: InferenceCase): SymbolicShape | undefined {
  const data = types.shape(node.input(0));
  const indices = types.shape(node.input(1));
  if (data === undefined || indices === undefined) return undefined;
  const perByte = types.knownDtype(node.input(0)) === "uint8" ? 8 / node.int("bits", 4) : 1;
  const elements = data.map((dim, i) => {
    if (i < data.length - 1 || perByte === 1) return dim;
    return typeof dim === "number" ? dim * perByte : types.fresh();
  });
  const axis = fromEnd(node.int("gather_axis", 0), elements.length);
  return [...elements.slice(0, axis), ...indices, ...elements.slice(axis + 1)];
}

function fromEnd(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** limit − start, where it can be read off: from 0, or from p to `p + n`. */
function rangeLength(
  start: SymbolicDim | null | undefined,
  limit: SymbolicDim | null | undefined,
): SymbolicDim | undefined {
  if (start === undefined || start === null || limit === undefined || limit === null)
    return undefined;
  if (!isDimension(start) || !isDimension(limit)) return undefined;
  if (typeof start === "number" && typeof limit === "number") return Math.max(limit - start, 0);
  if (start === 0) return limit;
  const prefix = `${start} + `;
  return typeof limit === "string" && limit.startsWith(prefix)
    ? limit.slice(prefix.length)
    : undefined;
}

function sumDims(dims: readonly (SymbolicDim | undefined)[], types: TypeInference): SymbolicDim {
  return dims.reduce<SymbolicDim>(
    (sum, dim) => (dim === undefined ? undefined : addDims(sum, dim)) ?? types.fresh(),
    0,
  );
}

function reductionShape({ node, types }: InferenceCase): SymbolicShape | undefined {
  const shape = types.shape(node.input(0));
  const axes = operatorAxes(node, { input: 1, types });
  const keeps = node.int("keepdims", 1) === 1;
  if (shape === undefined || axes === "dynamic") return undefined;
  const isAll = axes === undefined || axes.length === 0;
  if (isAll && node.int("noop_with_empty_axes", 0) === 1) return shape;
  const reduced = new Set(isAll ? shape.keys() : axes.map((axis) => fromEnd(axis, shape.length)));
  const kept = shape.map((dim, i) => (reduced.has(i) ? 1 : dim));
  return keeps ? kept : kept.filter((_, i) => !reduced.has(i));
}

function matmulShape({ node, types }: InferenceCase): SymbolicShape | undefined {
  const a = types.shape(node.input(0));
  const b = types.shape(node.input(1));
  if (a === undefined || b === undefined || a.length < 2 || b.length < 2) return undefined;
  if (node.int("transBatchA", 0) !== 0 || node.int("transBatchB", 0) !== 0) return undefined;
  const rows = a.at(node.int("transA", 0) === 0 ? -2 : -1) ?? types.fresh();
  const columns = b.at(node.int("transB", 0) === 0 ? -1 : -2) ?? types.fresh();
  const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)], types);
  return batch && [...batch, rows, columns];
}

function reshapeShape(question: InferenceCase): SymbolicShape | undefined {
  const { node, types } = question;
  const target = shapeFrom(question, 1);
  const input = types.shape(node.input(0));
  const copiesZeros = node.int("allowzero", 0) === 0;
  const copied = target?.map((dim, i) =>
    dim === 0 && copiesZeros ? (input?.[i] ?? types.fresh()) : dim,
  );
  return copied?.map((dim) => (dim === -1 ? restOf(input, copied, types) : dim));
}

/** Size that −1 stands for: input dimensions that no other target dimension takes, as a product. */
function restOf(
  input: SymbolicShape | undefined,
  target: SymbolicShape,
  types: TypeInference,
): SymbolicDim {
  const left = [...(input ?? [types.fresh()])];
  const taken = target.filter((dim) => {
    if (dim === -1) return false;
    const at = left.indexOf(dim);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (taken.length === 0 && left.length === 1) return left[0] ?? types.fresh();
  if (taken.some((dim) => typeof dim !== "number")) return types.fresh();
  const symbols = left.filter((dim) => typeof dim !== "number");
  const [times, over] = [product(left), product(taken)];
  if (symbols.length === 0) return Number.isInteger(times / over) ? times / over : types.fresh();
  const [symbol] = symbols;
  if (symbols.length !== 1 || typeof symbol !== "string") return types.fresh();
  return multiple(symbol, { times, over }) ?? types.fresh();
}

/**
 * `n * a` or `n * (a + b)`, where that is a whole multiple of the symbol: heads folded into the token axis, and unfolded
 * again.
 */
function multiple(
  symbol: string,
  { times, over }: { readonly times: number; readonly over: number },
): SymbolicDim | undefined {
  const { count, base, sum } =
    /^(?<count>\d+) \* (?:(?<base>[^+]+)|\((?<sum>[^()]+)\))$/.exec(symbol)?.groups ?? {};
  const unit = sum ?? base ?? symbol;
  const total = (Number(count ?? 1) * times) / over;
  if (!Number.isInteger(total) || total <= 0) return undefined;
  if (total === 1) return unit;
  return `${total} * ${unit.includes("+") ? `(${unit})` : unit}`;
}

function product(dims: SymbolicShape): number {
  return dims.reduce<number>((all, dim) => (typeof dim === "number" ? all * dim : all), 1);
}

function sliceShape({ node, types }: InferenceCase): SymbolicShape | undefined {
  const shape = types.shape(node.input(0));
  const given = (i: number): SymbolicShape | undefined => {
    const value = node.inputs[i];
    return value ? types.elements(value) : undefined;
  };
  const [starts, ends] = [given(1), given(2)];
  const axes = node.inputs[3] ? types.integers(node.inputs[3]) : starts?.map((_, i) => i);
  if (shape === undefined) return undefined;
  if (axes === undefined) return types.freshShape(shape.length);
  const steps = node.inputs[4] ? given(4) : axes.map(() => 1);
  const cut = new Map(axes.map((axis, i) => [fromEnd(axis, shape.length), i]));
  return shape.map((dim, axis) => {
    const i = cut.get(axis);
    if (i === undefined) return dim;
    const isPlain = steps?.[i] === 1;
    return (isPlain ? slicedDim(dim, starts?.[i], ends?.[i]) : undefined) ?? types.fresh();
  });
}

/** Size of `dim` from `start` to `end`, where it can be known. */
function slicedDim(
  dim: SymbolicDim,
  start: SymbolicDim | undefined,
  end: SymbolicDim | undefined,
): SymbolicDim | undefined {
  const isToEnd = end === dim || (typeof end === "number" && end >= Number.MAX_SAFE_INTEGER);
  if (start === 0 && isToEnd) return dim;
  if (typeof dim !== "number" || typeof start !== "number" || typeof end !== "number")
    return undefined;
  const clamp = (at: number): number => Math.min(Math.max(fromEnd(at, dim), 0), dim);
  return Math.max(clamp(end) - clamp(start), 0);
}
