/**
 * @file ONNX as an editable graph: values that know their producer and users, nodes whose inputs change only
 * through methods that keep the use lists right. Knows nothing of transformers, files or the runtime.
 * The shape follows the ideas of onnx/ir-py: a value is an object, its name only a label.
 */
import { invariant, ModelFormatError, present } from "../errors.js";
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
  | { readonly kind: "opaque"; readonly value: unknown };

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

/** A graph: inputs, outputs, constants and nodes. Node order is the file's; edits may leave it unsorted, encode sorts. */
export class Graph {
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  readonly #nodes = new Set<Node>();
  readonly #constants = new Map<string, Value>();
  readonly #names = new Set<string>();
  readonly #nodeNames = new Set<string>();
  origin: unknown;
  #fresh = 0;

  constructor(
    public name: string,
    /** The graph around this one, for subgraphs of If, Loop and Scan: names resolve outwards. */
    readonly parent?: Graph,
  ) {}

  get nodes(): readonly Node[] {
    return [...this.#nodes];
  }

  /** Constants of this graph. */
  get initializers(): readonly Value[] {
    return [...this.#constants.values()];
  }

  /** Takes a name. @throws {@link ModelFormatError} when the graph has it already. */
  #claim(name: string): void {
    if (this.#names.has(name)) {
      throw new ModelFormatError(`two values are called "${name}"`, {
        code: "DUPLICATE_NAME",
        where: `graph "${this.name}"`,
        expected: "a name for each value (ONNX graphs are in single assignment form)",
        found: `"${name}" twice`,
      });
    }
    this.#names.add(name);
  }

  /** A name that no value of this graph has. */
  freshName(prefix: string): string {
    let name = prefix;
    while (this.#names.has(name)) name = `${prefix}_${++this.#fresh}`;
    return name;
  }

  /** A name that no node of this graph has; the runtime refuses two nodes of one name. */
  freshNodeName(prefix: string): string {
    let name = prefix;
    while (this.#nodeNames.has(name)) name = `${prefix}_${++this.#fresh}`;
    return name;
  }

  addInput(name: string, type?: ValueType): Value {
    this.#claim(name);
    const value = new Value(name, this, undefined, this.inputs.length);
    value.type = type;
    this.inputs.push(value);
    return value;
  }

  addInitializer(name: string, tensor: Tensor): Value {
    // an initializer may also be a declared input (its default): one value, both roles
    const input = this.inputs.find((candidate) => candidate.name === name);
    if (input !== undefined) {
      input.initializer = tensor;
      this.#constants.set(name, input);
      return input;
    }
    this.#claim(name);
    const value = new Value(name, this, undefined, 0);
    value.initializer = tensor;
    value.type = { dtype: tensor.dtype, shape: tensor.dims };
    this.#constants.set(name, value);
    return value;
  }

  addNode(spec: NodeSpec): Node {
    const wanted = spec.outputs ?? 1;
    const names =
      typeof wanted === "number"
        ? Array.from({ length: wanted }, () =>
            this.freshName(`${spec.name ?? spec.opType}_out${++this.#fresh}`),
          )
        : wanted;
    names.forEach((name) => {
      if (name !== "") this.#claim(name);
    });
    const node = new Node(this, spec, names);
    if (node.name !== "") this.#nodeNames.add(node.name);
    if (spec.before === undefined) this.#nodes.add(node);
    else {
      const order = [...this.#nodes];
      order.splice(order.indexOf(spec.before), 0, node);
      this.#nodes.clear();
      for (const each of order) this.#nodes.add(each);
    }
    return node;
  }

  /** Removes a node whose outputs nobody uses. @throws {@link InvariantError} otherwise. */
  removeNode(node: Node): void {
    for (const output of node.outputs) {
      invariant(output.uses.length === 0, `"${output.name}" is still used`);
      invariant(!output.isOutput, `"${output.name}" is a graph output`);
      this.#names.delete(output.name);
    }
    node.detach();
    this.#nodes.delete(node);
    this.#nodeNames.delete(node.name);
  }

  /** Removes an input or a constant that nobody uses. @throws {@link InvariantError} otherwise. */
  removeSource(value: Value): void {
    invariant(value.uses.length === 0, `"${value.name}" is still used`);
    invariant(!value.isOutput, `"${value.name}" is a graph output`);
    const at = this.inputs.indexOf(value);
    if (at >= 0) this.inputs.splice(at, 1);
    this.#constants.delete(value.name);
    this.#names.delete(value.name);
  }

  /**
   * Points every user of `from` at `to`, except the nodes of `keep`.
   *
   * @throws {@link InvariantError} when `from` is a graph output and `outputs` is not `"replace"` or `"leave"`:
   * an output's name is part of the model's interface.
   */
  replaceAllUses(
    from: Value,
    to: Value,
    { keep, outputs }: { keep?: ReadonlySet<Node>; outputs?: "replace" | "leave" } = {},
  ): void {
    for (const { node, index } of [...from.uses]) {
      if (!keep?.has(node)) node.replaceInput(index, to);
    }
    const at = this.outputs.indexOf(from);
    if (at < 0) return;
    invariant(outputs !== undefined, `"${from.name}" is a graph output`);
    if (outputs === "replace") this.outputs[at] = to;
  }

  /** Gives a value another name; also an output's, which is the caller's decision. */
  rename(value: Value, name: string): void {
    this.#claim(name);
    this.#names.delete(value.name);
    if (this.#constants.delete(value.name)) this.#constants.set(name, value);
    value.name = name;
  }

  /** Finds a value by name in this graph, then in the graphs around it. */
  find(name: string): Value | undefined {
    return (
      this.inputs.find((value) => value.name === name) ??
      this.#constants.get(name) ??
      this.nodes.flatMap((node) => node.outputs).find((value) => value.name === name) ??
      this.parent?.find(name)
    );
  }

  /**
   * Nodes in an order in which every value is made before it is used; stable with respect to the present order.
   *
   * @throws {@link ModelFormatError} when the graph has a cycle, naming a node on it.
   */
  topologicalOrder(): Node[] {
    const state = new Map<Node, "open" | "done">();
    const order: Node[] = [];
    for (const root of this.#nodes) {
      // an explicit stack: graphs of 10⁴ nodes in one chain would overflow the call stack
      const stack: { node: Node; next: number; needs: Node[] }[] = [];
      const push = (node: Node): void => {
        state.set(node, "open");
        stack.push({ node, next: 0, needs: this.#producersFor(node) });
      };
      if (!state.has(root)) push(root);
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const need = top.needs[top.next++];
        if (need === undefined) {
          state.set(top.node, "done");
          order.push(top.node);
          stack.pop();
        } else if (!state.has(need)) push(need);
        else if (state.get(need) === "open") {
          throw new ModelFormatError("the graph has a cycle", {
            code: "CYCLE",
            where: describeNode(need),
            expected: "a directed acyclic graph",
            found: `${describeNode(top.node)} feeds back into it`,
          });
        }
      }
    }
    return order;
  }

  #producersFor(node: Node): Node[] {
    const found: Node[] = [];
    for (const value of [...node.inputs, ...capturedValues(node)]) {
      if (value?.producer !== undefined && value.graph === this) found.push(value.producer);
    }
    return found;
  }

  /** Removes nodes that no output needs, then unused constants; inputs stay. Returns how many nodes went. */
  prune(): number {
    const needed = new Set<Node>();
    const queue = this.outputs.flatMap((value) => value.producer ?? []);
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (needed.has(node)) continue;
      needed.add(node);
      queue.push(...this.#producersFor(node));
    }
    const dead = this.topologicalOrder()
      .filter((node) => !needed.has(node))
      .reverse();
    for (const node of dead) this.removeNode(node);
    const captured = new Set(this.nodes.flatMap((node) => capturedValues(node)));
    for (const value of this.initializers) {
      if (value.uses.length === 0 && !value.isOutput && !captured.has(value) && !value.isInput)
        this.removeSource(value);
    }
    return dead.length;
  }
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

/** A model: a graph with its operator sets and whatever else the file held. */
export interface Model {
  readonly graph: Graph;
  readonly irVersion: number;
  /** Operator set version by domain ("" is ai.onnx). */
  readonly opsets: Map<string, number>;
  readonly producer: string;
  /** Model-local functions, kept undecoded. */
  readonly functions: readonly unknown[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly origin: unknown;
}
