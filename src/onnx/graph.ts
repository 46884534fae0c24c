/**
 * @file ONNX as an editable graph: inputs, outputs, constants and nodes. Knows nothing of transformers, files or the
 * runtime.
 */
import { invariant, ModelFormatError } from "../errors.js";
import { DAMAGED } from "./hints.js";
import {
  capturedValues,
  describeNode,
  Node,
  Value,
  type Attribute,
  type NodeSpec,
  type ValueType,
} from "./node.js";
import type { Tensor } from "./tensor.js";

export {
  capturedValues,
  describeNode,
  Node,
  Value,
  type Attribute,
  type AttributeValue,
  type Dim,
  type NodeSpec,
  type ValueType,
} from "./node.js";

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
        hint: DAMAGED,
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
    const input = this.#names.has(name)
      ? this.inputs.find((candidate) => candidate.name === name)
      : undefined;
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
            hint: DAMAGED,
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
      if (!value.isUsed && !captured.has(value) && !value.isInput) this.removeSource(value);
    }
    return dead.length;
  }
}

/** An operator that the model file itself defines by a graph of others. */
export interface LocalFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  /** Formal inputs and outputs are those of the graph; attribute values of a call are `reference`s. */
  readonly body: Graph;
  /** Values of attributes that a call leaves out. */
  readonly attributeDefaults: ReadonlyMap<string, Attribute>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly origin: unknown;
}

/** A model: a graph with its operator sets and whatever else the file held. */
export interface Model {
  readonly graph: Graph;
  readonly irVersion: number;
  /** Operator set version by domain ("" is ai.onnx). */
  readonly opsets: Map<string, number>;
  readonly producer: string;
  /** Model-local functions; the pass that expands all calls empties the list. */
  readonly functions: LocalFunction[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly origin: unknown;
}

/** A model around a graph of ours, with these operator sets and nothing else. */
export function modelAround(graph: Graph, opsets: Readonly<Record<string, number>>): Model {
  return {
    graph,
    irVersion: 9,
    opsets: new Map(Object.entries(opsets)),
    producer: "",
    functions: [],
    metadata: new Map(),
    origin: undefined,
  };
}

/** Lets nodes of com.microsoft stand in the model; its operators have one version. */
export function declareContribOperators({ opsets }: Model): void {
  if (!opsets.has("com.microsoft")) opsets.set("com.microsoft", 1);
}
