/**
 * @file Values and nodes: a value knows the node that makes it and all its users; a node's inputs change only through
 * methods that keep the use lists right. The shape follows the ideas of onnx/ir-py: a name is only a label.
 */
import { invariant, ModelFormatError, present } from "../errors.js";
import type { Graph } from "./graph.js";
import { DAMAGED } from "./hints.js";
import { readNumbers, type DType, type Tensor } from "./tensor.js";

/** One dimension: a known size, a symbolic name, or unknown. */
export type Dim = number | string | null;

/** Element type and, where known, shape of a value. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape?: readonly Dim[];
}

/** Attribute of a node. `opaque` keeps encoded attribute kinds that we never read (sparse tensors, types). */
export type Attribute =
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: Uint8Array }
  | { readonly kind: "tensor"; readonly value: Tensor; readonly name?: string }
  | { readonly kind: "graph"; readonly value: Graph }
  | { readonly kind: "ints"; readonly value: readonly bigint[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly Uint8Array[] }
  /** `reference`: inside a model-local function, the attribute of the call that gives the value. */
  | { readonly kind: "opaque"; readonly value: unknown; readonly reference?: string };

/** A place where a value is used: input `index` of `node`. */
export interface Use {
  readonly node: Node;
  readonly index: number;
}

/** An edge of the graph. Made by {@link Graph}; never constructed alone. */
export class Value {
  type: ValueType | undefined;
  /** Set when the value is a constant of the graph. */
  initializer: Tensor | undefined;
  /** Fields of the file that we do not interpret, kept for encoding. */
  origin: unknown;
  readonly uses: Use[] = [];

  constructor(
    public name: string,
    readonly graph: Graph,
    /** The node that makes this value; `undefined` for inputs and initializers. */
    readonly producer: Node | undefined,
    readonly outputIndex: number,
  ) {}

  /** Is it one of the graph's declared inputs? */
  get isInput(): boolean {
    return this.graph.inputs.includes(this);
  }

  /** Is it one of the graph's declared outputs? */
  get isOutput(): boolean {
    return this.graph.outputs.includes(this);
  }

  /** Does a node read it, or the graph give it as an output? */
  get isUsed(): boolean {
    return this.uses.length > 0 || this.isOutput;
  }

  /** The constant's elements when this is a small inline initializer or a `Constant` node's output. */
  get numbers(): number[] | undefined {
    const tensor = this.constant;
    return tensor === undefined ? undefined : readNumbers(tensor);
  }

  /** The tensor of an initializer, or of the `Constant` node that makes this value. */
  get constant(): Tensor | undefined {
    if (this.initializer !== undefined) return this.initializer;
    if (this.producer?.opType !== "Constant") return undefined;
    const value = this.producer.attributes.get("value");
    return value?.kind === "tensor" ? value.value : undefined;
  }
}

/** What {@link Graph.addNode} needs. `null` inputs are omitted optional ones; outputs are names or a count. */
export interface NodeSpec {
  readonly opType: string;
  readonly domain?: string;
  readonly name?: string;
  readonly inputs: readonly (Value | null)[];
  /** Names of the outputs ("" for one that is not wanted), or how many to name freshly. @defaultValue 1 */
  readonly outputs?: readonly string[] | number;
  readonly attributes?: ReadonlyMap<string, Attribute> | Readonly<Record<string, AttributeValue>>;
  /** Inserted before this node; at the end otherwise. */
  readonly before?: Node;
}

/** Plain form of an attribute: integers are bigint or `{int}`; numbers are floats. */
export type AttributeValue = bigint | number | string | readonly bigint[] | Tensor;

function attributeOf(value: AttributeValue): Attribute {
  if (typeof value === "bigint") return { kind: "int", value };
  if (typeof value === "number") return { kind: "float", value };
  if (typeof value === "string") return { kind: "string", value: new TextEncoder().encode(value) };
  if ("dtype" in value) return { kind: "tensor", value };
  return { kind: "ints", value };
}

/** An operator application. */
export class Node {
  name: string;
  readonly opType: string;
  /** "" and "ai.onnx" are the same domain; stored as "". */
  readonly domain: string;
  readonly attributes: Map<string, Attribute>;
  readonly outputs: Value[];
  origin: unknown;
  #inputs: (Value | null)[];

  constructor(
    readonly graph: Graph,
    spec: NodeSpec,
    outputNames: readonly string[],
  ) {
    this.name = spec.name ?? "";
    this.opType = spec.opType;
    this.domain = spec.domain === "ai.onnx" ? "" : (spec.domain ?? "");
    const { attributes } = spec;
    this.attributes =
      attributes instanceof Map
        ? new Map(attributes as ReadonlyMap<string, Attribute>)
        : new Map(
            Object.entries((attributes ?? {}) as Record<string, AttributeValue>).map(([k, v]) => [
              k,
              attributeOf(v),
            ]),
          );
    this.#inputs = [...spec.inputs];
    this.#inputs.forEach((value, index) => value?.uses.push({ node: this, index }));
    this.outputs = outputNames.map((name, index) => new Value(name, graph, this, index));
  }

  get inputs(): readonly (Value | null)[] {
    return this.#inputs;
  }

  /** Operator with its domain, as printed in messages. */
  get op(): string {
    return this.domain === "" ? this.opType : `${this.domain}.${this.opType}`;
  }

  /** Input `index`, which the caller knows to be there. @throws {@link ModelFormatError} when it is missing. */
  input(index: number): Value {
    const value = this.#inputs[index];
    if (value === undefined || value === null) {
      throw new ModelFormatError(`input ${index} of ${this.op} is missing`, {
        code: "NODE_INPUT",
        where: describeNode(this),
        expected: `at least ${index + 1} inputs`,
        found: `${this.#inputs.length}`,
        hint: DAMAGED,
      });
    }
    return value;
  }

  /** Output `index`. @throws {@link InvariantError} when the node has fewer. */
  output(index = 0): Value {
    return present(this.outputs[index], `output ${index} of ${describeNode(this)}`);
  }

  /** Points input `index` at another value (or none) and keeps both use lists right. */
  replaceInput(index: number, value: Value | null): void {
    invariant(index < this.#inputs.length, `${describeNode(this)} has no input ${index}`);
    const old = this.#inputs[index];
    if (old) removeUse(old, this, index);
    this.#inputs[index] = value;
    value?.uses.push({ node: this, index });
  }

  /** Integer attribute as a number. @throws {@link ModelFormatError} when it is missing without a default or of another kind. */
  int(name: string, otherwise?: number): number {
    const attribute = this.attributes.get(name);
    if (attribute === undefined && otherwise !== undefined) return otherwise;
    if (attribute?.kind === "int") return Number(attribute.value);
    throw this.#badAttribute(name, "an integer", attribute);
  }

  /** Float attribute. @throws {@link ModelFormatError} as {@link Node.int}. */
  float(name: string, otherwise?: number): number {
    const attribute = this.attributes.get(name);
    if (attribute === undefined && otherwise !== undefined) return otherwise;
    if (attribute?.kind === "float") return attribute.value;
    throw this.#badAttribute(name, "a float", attribute);
  }

  /** List of integers. @throws {@link ModelFormatError} as {@link Node.int}. */
  ints(name: string, otherwise?: readonly number[]): readonly number[] {
    const attribute = this.attributes.get(name);
    if (attribute === undefined && otherwise !== undefined) return otherwise;
    if (attribute?.kind === "ints") return attribute.value.map(Number);
    throw this.#badAttribute(name, "a list of integers", attribute);
  }

  /** String attribute. @throws {@link ModelFormatError} as {@link Node.int}. */
  string(name: string, otherwise?: string): string {
    const attribute = this.attributes.get(name);
    if (attribute === undefined && otherwise !== undefined) return otherwise;
    if (attribute?.kind === "string") return new TextDecoder().decode(attribute.value);
    throw this.#badAttribute(name, "a string", attribute);
  }

  /** Takes the node's inputs out of the use lists; called by {@link Graph.removeNode}. @internal */
  detach(): void {
    this.#inputs.forEach((value, index) => {
      if (value) removeUse(value, this, index);
    });
    this.#inputs = [];
  }

  #badAttribute(name: string, expected: string, found: Attribute | undefined): ModelFormatError {
    return new ModelFormatError(`attribute "${name}" of ${this.op}`, {
      code: "NODE_ATTRIBUTE",
      where: describeNode(this),
      expected,
      found: found === undefined ? "nothing" : found.kind,
      hint: DAMAGED,
    });
  }
}

function removeUse(value: Value, node: Node, index: number): void {
  const at = value.uses.findIndex((use) => use.node === node && use.index === index);
  invariant(at >= 0, `use list of "${value.name}" lacks ${describeNode(node)}`);
  value.uses.splice(at, 1);
}

/** `node "name" (Op)`, as messages cite it. */
export function describeNode(node: Node): string {
  return `node "${node.name || (node.outputs[0]?.name ?? "?")}" (${node.op})`;
}

/** Values of outer graphs that the subgraphs of a node read. */
export function capturedValues(node: Node): Value[] {
  const found: Value[] = [];
  for (const attribute of node.attributes.values()) {
    if (attribute.kind !== "graph") continue;
    for (const inner of attribute.value.nodes) {
      for (const value of [...inner.inputs, ...capturedValues(inner)]) {
        if (value !== null && value.graph !== attribute.value) found.push(value);
      }
    }
    for (const output of attribute.value.outputs) {
      if (output.graph !== attribute.value) found.push(output);
    }
  }
  return found;
}
