/**
 * @file Emits nodes into a graph. The only way that passes, reverse mode and the derived graphs make new nodes.
 */
import { present } from "../errors.js";
import type { AttributeValue, Graph, Node, Value } from "./graph.js";
import { float32Tensor, int64Tensor, type DType, type Tensor, DTYPES } from "./tensor.js";

/** Options of one emitted node. */
export interface EmitOptions {
  readonly domain?: string;
  /** How many outputs. @defaultValue 1 */
  readonly outputs?: number;
}

/** A cursor that adds nodes to `graph`, prefixing their names, so that a printed graph tells who made what. */
export class Builder {
  readonly #constants = new Map<string, Value>();

  constructor(
    readonly graph: Graph,
    readonly prefix: string,
  ) {}

  /** Adds a node and returns it. */
  node(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    { domain = "", outputs = 1 }: EmitOptions = {},
  ): Node {
    const name = this.graph.freshNodeName(`${this.prefix}/${opType}`);
    return this.graph.addNode({ opType, domain, name, inputs, outputs, attributes });
  }

  /** Adds a node with one output and returns that output. */
  op(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: EmitOptions = {},
  ): Value {
    return present(this.node(opType, inputs, attributes, options).outputs[0], "first output");
  }

  /** A constant; equal small constants of this builder are shared. */
  constant(tensor: Tensor, hint = "const"): Value {
    const key =
      tensor.data.kind === "inline" && tensor.data.bytes.length <= 256
        ? `${tensor.dtype}[${tensor.dims.join()}]${Buffer.from(tensor.data.bytes).toString("hex")}`
        : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const value = this.graph.addInitializer(this.graph.freshName(`${this.prefix}/${hint}`), tensor);
    if (key !== undefined) this.#constants.set(key, value);
    return value;
  }

  /** int64 list; a scalar when given one number. */
  ints(values: readonly (number | bigint)[] | number): Value {
    return typeof values === "number"
      ? this.constant(int64Tensor([values], []), "int")
      : this.constant(int64Tensor(values), "ints");
  }

  /** float32 scalar. */
  float(value: number): Value {
    return this.constant(float32Tensor([value], []), "float");
  }

  /** A scalar of the element type of `like`, made by CastLike's plainer form Cast. */
  cast(value: Value, to: DType): Value {
    return this.op("Cast", [value], { to: BigInt(DTYPES[to].code) });
  }
}
