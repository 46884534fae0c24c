/**
 * @file The vocabulary in which derivative rules are written: emits nodes that are valid for the model's opset
 * (13 or newer) and knows element types and, as far as they can be known, shapes.
 */
import { invariant, UnsupportedOperatorError } from "../errors.js";
import { Builder } from "../onnx/builder.js";
import {
  declareContribOperators,
  type AttributeValue,
  type Model,
  type Value,
} from "../onnx/graph.js";
import { float32Tensor, float64Tensor, type DType, type Tensor } from "../onnx/tensor.js";
import { broadcastShapes, TypeInference } from "../onnx/type-inference.js";

/** Axes of a reduction or an Unsqueeze: numbers, or an int64 vector computed in the graph. */
export type Axes = readonly number[] | Value;

/** How to multiply: each flag swaps the last two axes of that operand first. */
export interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/** Emits nodes into the graph of one model. Make it after all other edits: it remembers inferred types. */
export class Emitter {
  readonly types: TypeInference;
  readonly opset: number;
  readonly #builder: Builder;
  /** What {@link reshape} made. */
  readonly #reshaped = new Set<Value>();

  constructor(
    readonly model: Model,
    prefix: string,
  ) {
    this.#builder = new Builder(model.graph, prefix);
    this.types = new TypeInference(model.graph);
    this.opset = model.opsets.get("") ?? 0;
    if (this.opset >= 13) return;
    throw new UnsupportedOperatorError(
      "the operator set of the model is too old to differentiate",
      {
        code: "OPSET",
        expected: "ai.onnx opset 13 or newer",
        found: String(this.opset),
        hint: "convert the model with onnx.version_converter, or export it again",
      },
    );
  }

  op(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): Value {
    return this.#builder.op(opType, inputs, attributes);
  }

  /** As {@link op}, of an operator of com.microsoft. */
  contrib(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): Value {
    declareContribOperators(this.model);
    return this.#builder.op(opType, inputs, attributes, { domain: "com.microsoft" });
  }

  /** A constant; equal small ones are shared. */
  constant(tensor: Tensor): Value {
    return this.#builder.constant(tensor);
  }

  /** int64 constant: a vector, or a scalar when given one number. */
  ints(values: readonly number[] | number): Value {
    return this.#builder.ints(values);
  }

  /** A scalar of the element type of `like`. */
  scalar(value: number, like: Value): Value {
    const dtype = this.types.dtype(like);
    if (dtype === "float64") return this.#builder.constant(float64Tensor([value], []), "scalar");
    const single = this.#builder.constant(float32Tensor([value], []), "scalar");
    return dtype === "float32" ? single : this.castTo(single, dtype);
  }

  castTo(x: Value, dtype: DType): Value {
    return this.types.dtype(x) === dtype ? x : this.#builder.cast(x, dtype);
  }

  castLike(x: Value, like: Value): Value {
    return this.castTo(x, this.types.dtype(like));
  }

  add(a: Value, b: Value): Value {
    return this.op("Add", [a, b]);
  }

  sub(a: Value, b: Value): Value {
    return this.op("Sub", [a, b]);
  }

  /** a · b; a number stands for a scalar of the other's type. What b broadcasts anyway is not expanded before. */
  mul(a: Value, b: Value | number): Value {
    if (b === 1) return a;
    if (typeof b === "number") return this.op("Mul", [a, this.scalar(b, a)]);
    return this.op("Mul", [this.#withoutExpand(a, b), b]);
  }

  /** What `a` was expanded from, where a product with `b` has the shape of `a` all the same. */
  #withoutExpand(a: Value, b: Value): Value {
    const from = a.producer?.opType === "Expand" ? a.producer.input(0) : a;
    const whole = this.types.shape(a);
    const product = broadcastShapes([this.types.shape(from), this.types.shape(b)], this.types);
    const isSame =
      product !== undefined &&
      product.length === whole?.length &&
      product.every((dim, axis) => dim === whole[axis]);
    return isSame ? from : a;
  }

  div(a: Value, b: Value): Value {
    return this.op("Div", [a, b]);
  }

  neg(x: Value): Value {
    return this.op("Neg", [x]);
  }

  /** c − x. */
  from(c: number, x: Value): Value {
    return this.sub(this.scalar(c, x), x);
  }

  /** Where `condition` holds x, elsewhere 0. */
  keepWhere(condition: Value, x: Value): Value {
    return this.op("Where", [condition, x, this.scalar(0, x)]);
  }

  shape(x: Value): Value {
    return this.op("Shape", [x]);
  }

  /** Size of one axis, as an int64 vector of one element. A constant where it is known. */
  size(x: Value, axis: number): Value {
    const known = this.types.shape(x)?.at(axis);
    return typeof known === "number"
      ? this.ints([known])
      : this.op("Gather", [this.shape(x), this.ints([axis])], { axis: 0n });
  }

  /** x in the given shape; a 0 in it means zero elements where the opset can say so. Only the last of several counts. */
  reshape(x: Value, shape: Value): Value {
    const { producer } = x;
    const isOurs = producer?.opType === "Reshape" && this.#reshaped.has(x);
    const from = isOurs ? producer.input(0) : x;
    const result = this.op("Reshape", [from, shape], this.opset >= 14 ? { allowzero: 1n } : {});
    this.#reshaped.add(result);
    return result;
  }

  /** x in the shape of `like`: a constant, where at most one size is not known. */
  reshapeLike(x: Value, like: Value): Value {
    const known = this.types.shape(like)?.map((dim) => (typeof dim === "number" ? dim : -1));
    const isConstant =
      known !== undefined && !known.includes(0) && known.filter((dim) => dim === -1).length <= 1;
    return this.reshape(x, isConstant ? this.ints(known) : this.shape(like));
  }

  expandLike(x: Value, like: Value): Value {
    return this.op("Expand", [x, this.shape(like)]);
  }

  zerosLike(like: Value): Value {
    return this.expandLike(this.scalar(0, like), like);
  }

  unsqueeze(x: Value, axes: Axes): Value {
    return this.op("Unsqueeze", [x, this.axesInput(axes)]);
  }

  /** Sum over axes, which stay with size 1 unless `keepdims` is false. No axes: no change. */
  reduceSum(x: Value, axes: Axes, keepdims = true): Value {
    return this.op("ReduceSum", [x, this.axesInput(axes)], {
      keepdims: keepdims ? 1n : 0n,
      noop_with_empty_axes: 1n,
    });
  }

  /** Mean over axes, which stay with size 1. ReduceMean takes its axes as an input only from opset 18 on. */
  reduceMean(x: Value, axes: readonly number[]): Value {
    if (this.opset >= 18) return this.op("ReduceMean", [x, this.ints(axes)], { keepdims: 1n });
    return this.op("ReduceMean", [x], { axes: axes.map(BigInt), keepdims: 1n });
  }

  axesInput(axes: Axes): Value {
    return "graph" in axes ? axes : this.ints(axes);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.op("Transpose", [x], { perm: perm.map(BigInt) });
  }

  /** Swaps the last two axes. */
  swapLast(x: Value): Value {
    const rank = this.types.shape(x)?.length;
    invariant(rank !== undefined && rank >= 2, `rank of "${x.name}" is not known`);
    const perm = Array.from({ length: rank }, (_, i) => i);
    return this.transpose(x, [...perm.slice(0, -2), rank - 1, rank - 2]);
  }

  /**
   * Matrix product over the last two axes. Transposition and factor go into a FusedMatMul, so that a weight is
   * referenced as it lies; the runtime has that operator for every floating type but float64.
   */
  matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
    const { transA = false, transB = false, alpha = 1 } = options;
    if (!transA && !transB && alpha === 1) return this.op("MatMul", [a, b]);
    if (this.types.dtype(a) === "float64") {
      const product = this.op("MatMul", [
        transA ? this.swapLast(a) : a,
        transB ? this.swapLast(b) : b,
      ]);
      return this.mul(product, alpha);
    }
    const flag = (on: boolean): bigint => (on ? 1n : 0n);
    const attributes = { transA: flag(transA), transB: flag(transB), alpha };
    return this.contrib("FusedMatMul", [a, b], attributes);
  }
}
