/**
 * @file Moving sizes as values of the graph: what Reshape, Expand and Slice are told.
 */
import { Builder } from "../../onnx/builder.js";
import type { Value } from "../../onnx/graph.js";
import { axisKey, sizeOf, type Axes, type Axis, type Factor, type Moving } from "./axes.js";

/** int64 values `[1]` for sizes, each made once. */
export class Sizes {
  readonly #known = new Map<string, Value>();

  constructor(
    readonly b: Builder,
    /** Where each moving size is read off; keys are past + window, variants batch / prompts. */
    readonly sources: Readonly<Record<Exclude<Moving, "keys" | "variants">, () => Value>>,
  ) {}

  /** One axis, int64 `[1]`. */
  axis(axis: Axis): Value {
    const size = sizeOf(axis);
    if (size !== undefined) return this.b.ints([size]);
    return this.#once(axisKey(axis), () =>
      axis.map((factor) => this.#factor(factor)).reduce((x, y) => this.b.op("Mul", [x, y])),
    );
  }

  /** A target for Reshape or Expand, int64 `[rank]`. */
  shape(axes: Axes): Value {
    const known = axes.map((axis) => sizeOf(axis));
    if (known.every((size) => size !== undefined)) return this.b.ints(known);
    return this.#once(`[${axes.map(axisKey).join(", ")}]`, () =>
      this.b.op(
        "Concat",
        axes.map((axis) => this.axis(axis)),
        { axis: 0n },
      ),
    );
  }

  #factor(factor: Factor): Value {
    if (typeof factor === "number") return this.b.ints([factor]);
    return this.#once(factor, () => {
      if (factor === "keys") return this.#combine("Add", ["past", "window"]);
      if (factor === "variants") return this.#combine("Div", ["batch", "prompts"]);
      return this.sources[factor]();
    });
  }

  #combine(operator: "Add" | "Div", [a, b]: readonly [Moving, Moving]): Value {
    return this.b.op(operator, [this.#factor(a), this.#factor(b)]);
  }

  #once(key: string, make: () => Value): Value {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }
}

/** Size of one axis of a value, int64 `[1]`. */
export function dimensionOf(b: Builder, value: Value, axis: number): Value {
  return b.op("Gather", [b.op("Shape", [value]), b.ints([axis])], { axis: 0n });
}
