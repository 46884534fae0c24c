/**
 * @file How each operator carries the axes of its operands. A row returns the axes of every output and edits the node
 * where it names sizes (Reshape, Expand) or meets values made for the whole prompt. An operator without a row, and a
 * form that a row does not know, is {@link NotWindowable}.
 */
import { present } from "../../errors.js";
import { operatorAxes } from "../../onnx/axes.js";
import type { Node, Value } from "../../onnx/graph.js";
import type { SymbolicDim, TypeInference } from "../../onnx/type-inference.js";
import type { Alignment } from "./align.js";
import {
  broadcastAxes,
  fixed,
  NotWindowable,
  regroup,
  sizeOf,
  type Axes,
  type Axis,
  type Wanted,
} from "./axes.js";
import type { Sizes } from "./sizes.js";

/** What the rows read. */
export interface RuleContext {
  /** Types of the graph before it was windowed. */
  readonly types: TypeInference;
  readonly sizes: Sizes;
  readonly alignment: Alignment;
  /** Axes of values that depend on the residual. */
  readonly axes: Map<Value, Axes>;
  /** Names of past inputs, which are empty. */
  readonly pastInputs: ReadonlySet<string>;
}

/** Axes of each output. */
export type Rule = (node: Node, context: RuleContext) => readonly Axes[];

/** Axes of input `index`, which depends on the residual. */
export function axesAt(node: Node, index: number, { axes }: RuleContext): Axes {
  const found = axes.get(node.input(index));
  if (found === undefined) throw new NotWindowable(`input ${index} is not made of the residual`);
  return found;
}

/** The axis that the attribute `axis` names, counted from the front. */
export function axisOf(node: Node, axes: Axes, fallback: number): number {
  return fromFront(node.int("axis", fallback), axes.length);
}

function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Axes as written, which must not be computed. */
function writtenAxes(node: Node, { types }: RuleContext): readonly number[] {
  const axes = operatorAxes(node, { input: 1, types });
  if (axes === undefined || axes === "dynamic") throw new NotWindowable("all or unknown axes");
  return axes;
}

function only(axes: Axes): readonly Axes[] {
  return [axes];
}

const elementwise: Rule = (node, context) => {
  const own = node.inputs.map((value) => (value ? context.axes.get(value) : undefined));
  const rank = Math.max(
    ...node.inputs.map((value, i) =>
      value ? (own[i]?.length ?? context.types.shape(value)?.length ?? 0) : 0,
    ),
  );
  const met = broadcastAxes(own.filter((axes) => axes !== undefined));
  const target: Axes = [...Array.from({ length: rank - met.length }, (): Axis => []), ...met];
  const all = node.inputs.map((value, index) => {
    if (!value) return [];
    const known = own[index];
    if (known !== undefined) return known;
    const aligned = context.alignment.to(value, target);
    node.replaceInput(index, aligned.value);
    return aligned.axes;
  });
  return only(broadcastAxes([target, ...all]));
};

const unchanged: Rule = (node, context) => only(axesAt(node, 0, context));

/** A product with weights of known size. */
const weighted: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const b = node.inputs[1];
  if (!b || context.axes.has(b))
    throw new NotWindowable("two operands that are made of the residual");
  if (node.int("transA", 0) !== 0 || node.int("transBatchA", 0) !== 0)
    throw new NotWindowable("a transposed activation");
  const shape = context.types.shape(b);
  const columns = shape?.at(node.int("transB", 0) === 0 ? -1 : -2);
  if (shape?.length !== 2 || typeof columns !== "number")
    throw new NotWindowable("weights of unknown size");
  return only([...axes.slice(0, -1), fixed(columns)]);
};

const packed: Rule = (node, context) => [
  [...axesAt(node, 0, context).slice(0, -1), fixed(node.int("N"))],
];

/** An operator that works along `axis`; from there on all axes must be of fixed size. */
const alongLast: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const axis = axisOf(node, axes, -1);
  const moves = axes.slice(axis).some((each) => sizeOf(each) === undefined);
  if (moves) throw new NotWindowable("a norm over tokens");
  return node.outputs.map(() => axes);
};

const reduction: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const over = writtenAxes(node, context);
  if (over.length === 0) throw new NotWindowable("a reduction over all axes");
  const gone = new Set(over.map((axis) => fromFront(axis, axes.length)));
  for (const i of gone)
    if (sizeOf(axes[i] ?? []) === undefined) throw new NotWindowable("a reduction over tokens");
  const keeps = node.int("keepdims", 1) === 1;
  return only(
    keeps ? axes.map((axis, i) => (gone.has(i) ? [] : axis)) : axes.filter((_, i) => !gone.has(i)),
  );
};

const reshape: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const target = context.types.elements(node.input(1)) ?? context.types.shape(node.output());
  if (target === undefined) throw new NotWindowable("a target of unknown rank");
  const copiesZeros = node.int("allowzero", 0) === 0;
  const wanted = target.map((dim, i): Wanted => {
    if (dim === 0 && copiesZeros) return wantedLike(axes[i] ?? []);
    return wantedSize(dim);
  });
  const result = regroup(axes, wanted);
  node.replaceInput(1, context.sizes.shape(result));
  return only(result);
};

function wantedLike(axis: Axis): Wanted {
  const size = sizeOf(axis);
  if (size !== undefined) return size;
  return axis.length === 1 ? "moving" : "rest";
}

function wantedSize(dim: SymbolicDim): Wanted {
  if (typeof dim === "number") return dim > 0 ? dim : "rest";
  return /[?=]/.test(dim) ? "rest" : "moving";
}

const expand: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const shape = context.types.shape(node.output());
  if (shape === undefined || shape.length < axes.length)
    throw new NotWindowable("a target of unknown rank");
  const from = shape.length - axes.length;
  const result = shape.map((dim, i): Axis => {
    const axis = axes[i - from] ?? [];
    if (sizeOf(axis) !== 1) return axis;
    if (typeof dim === "number") return fixed(dim);
    throw new NotWindowable("a repetition of unknown count");
  });
  node.replaceInput(1, context.sizes.shape(result));
  return only(result);
};

const transpose: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const order = node.attributes.has("perm")
    ? node.ints("perm")
    : axes.map((_, i) => axes.length - 1 - i);
  return only(order.map((from) => present(axes[from], "axis")));
};

const unsqueeze: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const at = writtenAxes(node, context);
  const rank = axes.length + at.length;
  const added = new Set(at.map((axis) => fromFront(axis, rank)));
  const rest = [...axes];
  return only(Array.from({ length: rank }, (_, i) => (added.has(i) ? [] : (rest.shift() ?? []))));
};

const squeeze: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const at = writtenAxes(node, context);
  const gone = new Set(at.map((axis) => fromFront(axis, axes.length)));
  for (const i of gone)
    if (sizeOf(axes[i] ?? []) !== 1) throw new NotWindowable("an axis that is not 1 is dropped");
  return only(axes.filter((_, i) => !gone.has(i)));
};

const concat: Rule = (node, context) => {
  const kept = node.inputs
    .filter((value) => value !== null)
    .filter(({ name }) => !context.pastInputs.has(name));
  const parts = kept.map((value) => context.axes.get(value));
  const [first] = parts;
  if (first === undefined || parts.includes(undefined))
    throw new NotWindowable("joins other values");
  const axis = axisOf(node, first, 0);
  const own = parts.map((part) => part?.[axis] ?? []);
  if (kept.length === 1) {
    // an empty past and the keys at hand
    const value = present(kept[0], "the part that is not empty");
    node.graph.replaceAllUses(node.output(), value, { outputs: "replace" });
    return only(first);
  }
  const sizes = own.map((each) => sizeOf(each));
  const total = sizes.reduce<number | undefined>(
    (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
    0,
  );
  if (total === undefined) throw new NotWindowable("joins tokens");
  return only(first.map((each, i) => (i === axis ? fixed(total) : each)));
};

/** Operators that cut axes of fixed size; their results were inferred. */
function cutting(
  axesCut: (node: Node, axes: Axes, types: TypeInference) => readonly number[],
): Rule {
  return (node, context) => {
    const axes = axesAt(node, 0, context);
    const cut = axesCut(node, axes, context.types);
    return node.outputs.map((output) =>
      axes.map((axis, i) => {
        if (!cut.includes(i)) return axis;
        const dim = context.types.shape(output)?.[i];
        const whole = context.types.shape(node.input(0))?.[i];
        if (dim !== undefined && dim === whole) return axis;
        if (sizeOf(axis) === undefined || typeof dim !== "number")
          throw new NotWindowable("cuts tokens, or to an unknown size");
        return fixed(dim);
      }),
    );
  };
}

const slice = cutting((node, axes, types) => {
  const given = node.inputs[3] ? types.integers(node.inputs[3]) : undefined;
  const count = types.shape(node.input(1))?.[0];
  const at = given ?? (typeof count === "number" ? Array.from({ length: count }, (_, i) => i) : []);
  if (at.length === 0) throw new NotWindowable("unknown axes");
  return at.map((axis) => fromFront(axis, axes.length));
});

const split = cutting((node, axes) => [axisOf(node, axes, 0)]);

const gather: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const axis = axisOf(node, axes, 0);
  const index = context.types.shape(node.input(1));
  if (sizeOf(axes[axis] ?? []) === undefined || context.axes.has(node.input(1)))
    throw new NotWindowable("picks tokens");
  const picked = index?.map((dim) => {
    if (typeof dim !== "number") throw new NotWindowable("picks an unknown number");
    return fixed(dim);
  });
  if (picked === undefined) throw new NotWindowable("picks an unknown number");
  return only([...axes.slice(0, axis), ...picked, ...axes.slice(axis + 1)]);
};

const flatten: Rule = (node, context) => {
  const axes = axesAt(node, 0, context);
  const axis = axisOf(node, axes, 1);
  return only([axes.slice(0, axis).flat(), axes.slice(axis).flat()]);
};

function rows(names: readonly string[], rule: Rule): Readonly<Record<string, Rule>> {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

const ELEMENTWISE = [
  ...["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Where", "Mod"],
  ...["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not"],
];
const UNARY = [
  ...["Identity", "Cast", "CastLike", "Neg", "Abs", "Sign", "Sqrt", "Reciprocal", "Exp", "Log"],
  ...["Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Relu", "Clip", "Softplus", "IsNaN", "IsInf", "Gelu"],
  ...["com.microsoft.FastGelu", "com.microsoft.QuickGelu", "com.microsoft.Gelu", "Dropout"],
];

/** Operators by name, domain included; products of two activations are the caller's, and so is the mask before a softmax over keys. */
export const WINDOW_RULES: Readonly<Record<string, Rule>> = {
  ...rows(ELEMENTWISE, elementwise),
  ...rows([...UNARY, "Softmax", "LogSoftmax"], unchanged),
  ...rows(["MatMul", "com.microsoft.FusedMatMul", "Gemm"], weighted),
  "com.microsoft.MatMulNBits": packed,
  ...rows(
    ["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization", "LpNormalization"],
    alongLast,
  ),
  ...rows(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceSumSquare", "ReduceL2"], reduction),
  Reshape: reshape,
  Expand: expand,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Concat: concat,
  Slice: slice,
  Split: split,
  Gather: gather,
  Flatten: flatten,
};
