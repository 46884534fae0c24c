/**
 * @file From the bytes of an ONNX file to a {@link Model}. Everything that we do not interpret is kept (`origin`)
 * and written back by `encode.ts`. Beside `encode.ts` the only file that knows the generated protobuf code.
 */
import { create, fromBinary } from "@bufbuild/protobuf";
import { realpathSync } from "node:fs";
import {
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type ValueInfoProto,
} from "onnx-buf";
import { ModelFormatError } from "../errors.js";
import {
  describeNode,
  Graph,
  type Attribute,
  type Dim,
  type LocalFunction,
  type Model,
  type Node,
  type Value,
  type ValueType,
} from "./graph.js";
import { DAMAGED } from "./hints.js";
import { measureMessage } from "./message-budget.js";
import { TensorReader } from "./read-tensor.js";
import { notOnnx, readSkeleton } from "./skeleton.js";
import { dtypeOf, narrow } from "./tensor.js";

/**
 * Reads a model file; weights stay where they are.
 *
 * @throws {@link ModelFormatError} when the file is missing, not ONNX, truncated, or its tensors contradict themselves.
 */
export function readModel(path: string): Model {
  let real: string;
  try {
    real = realpathSync(path);
  } catch (cause) {
    throw new ModelFormatError("the model file does not exist", {
      code: "MODEL_MISSING",
      where: path,
      expected: "an ONNX file",
      found: "nothing at this path",
      hint: "check the path; a symbolic link must lead to an existing file",
      cause,
    });
  }
  return decodeModel(readSkeleton(real), path, real);
}

/**
 * Decodes bytes of a ModelProto. `path` is the file as the user named it (external data is searched beside it),
 * `self` the real file that {@link SELF} references point into.
 *
 * @throws {@link ModelFormatError} as {@link readModel}.
 */
export function decodeModel(bytes: Uint8Array, path: string, self = path): Model {
  const size = measureMessage(ModelProtoSchema, bytes);
  if (typeof size === "string") throw notOnnx(path, size);
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw notOnnx(path, cause instanceof Error ? cause.message : String(cause));
  }
  if (proto.graph === undefined || proto.opsetImport.length === 0) {
    throw notOnnx(path, "protobuf without a graph or without operator sets");
  }
  const opsets = opsetsOf(proto, path);
  const reader = new GraphReader(path, self);
  return {
    graph: reader.read(proto.graph),
    irVersion: narrow(proto.irVersion, `${path}, ir_version`),
    opsets,
    producer: [proto.producerName, proto.producerVersion].filter((s) => s !== "").join(" "),
    functions: proto.functions.map((each) => reader.readFunction(each)),
    metadata: new Map(proto.metadataProps.map(({ key, value }) => [key, value])),
    origin: proto,
  };
}

/** Operator set version by domain. */
function opsetsOf(
  { opsetImport }: Pick<ModelProto, "opsetImport">,
  path: string,
): Map<string, number> {
  return new Map(
    opsetImport.map(({ domain, version }) => [
      shortDomain(domain),
      narrow(version, `${path}, opset_import`),
    ]),
  );
}

/** ONNX's own domain has two names; we write "". */
function shortDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/** Names that a node may read: those of its own graph, then those of the graphs around it. */
interface Scope {
  get(name: string): Value | undefined;
}

class GraphReader {
  readonly #tensors: TensorReader;

  constructor(
    readonly path: string,
    self: string,
  ) {
    this.#tensors = new TensorReader(path, self);
  }

  read(proto: GraphProto, parent?: Graph, outer?: Scope): Graph {
    const graph = new Graph(proto.name, parent);
    graph.origin = proto;
    this.#refuseRepeatedNames(proto);
    const names = new Map<string, Value>();
    for (const info of proto.input)
      names.set(info.name, this.#typed(graph.addInput(info.name), info));
    for (const tensor of proto.initializer) {
      names.set(tensor.name, graph.addInitializer(tensor.name, this.#tensors.read(tensor)));
    }
    if (proto.sparseInitializer.length > 0) {
      throw new ModelFormatError("sparse initializers are not supported", {
        code: "SPARSE_INITIALIZER",
        where: this.path,
        expected: "dense weights",
        found: `${proto.sparseInitializer.length} sparse ones`,
        hint: "export the model with dense weights",
      });
    }
    this.#readNodes(proto, graph, names, outer);
    for (const info of proto.valueInfo) {
      const value = names.get(info.name);
      if (value !== undefined) this.#typed(value, info);
    }
    for (const info of proto.output) {
      const value = names.get(info.name) ?? outer?.get(info.name);
      if (value === undefined) throw this.#unmade(info.name, "a graph output");
      graph.outputs.push(value.graph === graph ? this.#typed(value, info) : value);
    }
    for (const value of graph.initializers) this.#checkInitializer(value);
    inFile(this.path, () => graph.topologicalOrder()); // refuses cycles here, where the file is known
    return graph;
  }

  /** A model-local function; its body is a graph of its own, whose inputs and outputs have no types. */
  readFunction(proto: FunctionProto): LocalFunction {
    const named = (name: string): ValueInfoProto => create(ValueInfoProtoSchema, { name });
    const body = create(GraphProtoSchema, {
      name: proto.name,
      input: proto.input.map(named),
      output: proto.output.map(named),
      node: proto.node,
    });
    const graph = this.read(body);
    graph.origin = undefined;
    const defaults = proto.attributeProto.map(
      (each) => [each.name, this.#attribute(each, graph, new Map())] as const,
    );
    return {
      name: proto.name,
      domain: shortDomain(proto.domain),
      overload: proto.overload,
      body: graph,
      attributeDefaults: new Map(defaults),
      opsets: opsetsOf(proto, this.path),
      origin: proto,
    };
  }

  #readNodes(
    proto: GraphProto,
    graph: Graph,
    names: Map<string, Value>,
    outer: Scope | undefined,
  ): void {
    // two rounds: files are meant to be sorted, but a node may be listed before its inputs are made; the values of
    // all nodes exist first, the inputs are connected second
    const made = proto.node.map((each) => {
      const node = graph.addNode({
        opType: each.opType,
        domain: each.domain,
        name: each.name,
        inputs: each.input.map(() => null),
        outputs: each.output,
      });
      node.origin = each;
      for (const output of node.outputs) if (output.name !== "") names.set(output.name, output);
      return { node, each };
    });
    // looked up through the levels, not copied: a file of many small branches would cost its size squared
    const scope: Scope =
      outer === undefined ? names : { get: (name) => names.get(name) ?? outer.get(name) };
    for (const { node, each } of made) {
      each.input.forEach((name, index) => {
        if (name === "") return;
        const value = scope.get(name);
        if (value === undefined) throw this.#unmade(name, `node "${each.name}" (${each.opType})`);
        node.replaceInput(index, value);
      });
      for (const attribute of each.attribute) {
        if (node.attributes.has(attribute.name)) throw this.#repeatedAttribute(attribute, node);
        node.attributes.set(attribute.name, this.#attribute(attribute, graph, scope));
      }
    }
  }

  #attribute(proto: AttributeProto, graph: Graph, scope: Scope): Attribute {
    if (proto.refAttrName !== "")
      return { kind: "opaque", value: proto, reference: proto.refAttrName };
    switch (proto.type) {
      case AttributeType.INT:
        return { kind: "int", value: proto.i };
      case AttributeType.FLOAT:
        return { kind: "float", value: proto.f };
      case AttributeType.STRING:
        return { kind: "string", value: proto.s };
      case AttributeType.INTS:
        return { kind: "ints", value: proto.ints };
      case AttributeType.FLOATS:
        return { kind: "floats", value: proto.floats };
      case AttributeType.STRINGS:
        return { kind: "strings", value: proto.strings };
      case AttributeType.TENSOR:
        if (proto.t === undefined) return { kind: "opaque", value: proto };
        return { kind: "tensor", value: this.#tensors.read(proto.t), name: proto.t.name };
      case AttributeType.GRAPH:
        if (proto.g === undefined) return { kind: "opaque", value: proto };
        return { kind: "graph", value: this.read(proto.g, graph, scope) };
      case AttributeType.UNDEFINED:
      case AttributeType.TENSORS:
      case AttributeType.GRAPHS:
      case AttributeType.SPARSE_TENSOR:
      case AttributeType.SPARSE_TENSORS:
      case AttributeType.TYPE_PROTO:
      case AttributeType.TYPE_PROTOS:
        return { kind: "opaque", value: proto };
    }
  }

  #typed(value: Value, info: ValueInfoProto): Value {
    value.type = typeOf(info, this.path) ?? value.type;
    value.origin = info;
    return value;
  }

  /** All of one kind at once; the names of values are single in a graph, and the runtime wants it of nodes as well. */
  #refuseRepeatedNames(proto: GraphProto): void {
    const values = [
      ...proto.input.map(({ name }) => name),
      ...proto.node.flatMap(({ output }) => output),
    ];
    const made = new Set(proto.node.flatMap(({ output }) => output));
    const constants = proto.initializer.map(({ name }) => name);
    const kinds = [
      // a constant may also be a declared input, whose default it then is
      ["values", [...repeated(values), ...constants.filter((name) => made.has(name))]],
      ["initializers", repeated(constants)],
      ["graph outputs", repeated(proto.output.map(({ name }) => name))],
      ["nodes", repeated(proto.node.map(({ name }) => name))],
    ] as const;
    const [first] = kinds.filter(([, names]) => names.length > 0);
    if (first === undefined) return;
    const [kind, names] = first;
    throw new ModelFormatError(`two ${kind} have the same name`, {
      code: "DUPLICATE_NAME",
      where: this.path,
      expected: `a name of its own for each (${kind})`,
      found: `${listNames(names)} more than once`,
      hint: DAMAGED,
    });
  }

  /**
   * A constant's declared type, where it has one, against its tensor. Sizes count for declared inputs only: ONNX Runtime
   * saves graphs whose notes on inner values say [] for constants of shape [1].
   */
  #checkInitializer(value: Value): void {
    const { name, type, initializer } = value;
    if (type === undefined || initializer === undefined) return;
    const { dtype } = type;
    const shape = value.isInput ? type.shape : undefined;
    const { dims } = initializer;
    const isSame =
      shape === undefined ||
      (shape.length === dims.length &&
        shape.every((size, axis) => typeof size !== "number" || size === dims[axis]));
    if (dtype === initializer.dtype && isSame) return;
    const sizes = type.shape?.map((size) => size ?? "?").join(", ");
    throw new ModelFormatError("a constant has another type than the one declared for it", {
      code: "INITIALIZER_TYPE",
      where: `${this.path}, tensor "${name}"`,
      expected: `${dtype}${sizes === undefined ? "" : ` [${sizes}]`}, as declared`,
      found: `${initializer.dtype} [${dims.join(", ")}]`,
      hint: DAMAGED,
    });
  }

  #repeatedAttribute({ name }: AttributeProto, node: Node): ModelFormatError {
    return new ModelFormatError("a node states an attribute twice", {
      code: "DUPLICATE_ATTRIBUTE",
      where: `${this.path}, ${describeNode(node)}`,
      expected: "every attribute once",
      found: `"${name}" more than once`,
      hint: DAMAGED,
    });
  }

  #unmade(name: string, user: string): ModelFormatError {
    return new ModelFormatError(`nothing makes the value "${name}"`, {
      code: "UNMADE_VALUE",
      where: this.path,
      expected: `an input, an initializer or a node output for ${user}`,
      found: "none of that name",
      hint: DAMAGED,
    });
  }
}

/** Names other than "" that a list holds more than once, each once. */
function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) {
    if (name !== "" && seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return [...twice];
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => JSON.stringify(name));
  return shown.join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
}

/** Runs `act`; an error of the graph, which knows no files, then names the file. */
function inFile<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ModelFormatError)) throw error;
    const { message, code, where, expected, found, hint } = error;
    throw new ModelFormatError(message, {
      code,
      where: where === undefined ? path : `${path}, ${where}`,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      hint: hint ?? DAMAGED,
      cause: error,
    });
  }
}

function typeOf(info: ValueInfoProto, path: string): ValueType | undefined {
  const type = info.type?.value;
  if (type?.case !== "tensorType" || type.value.elemType === 0) return undefined;
  const dtype = dtypeOf(type.value.elemType, `${path}, value "${info.name}"`);
  if (type.value.shape === undefined) return { dtype };
  const shape = type.value.shape.dim.map(({ value }): Dim => {
    if (value.case === "dimValue") {
      const size = narrow(value.value, `${path}, value "${info.name}"`);
      return size >= 0 ? size : null; // some exporters write -1 for "any", and the runtime reads it so
    }
    return value.case === "dimParam" && value.value !== "" ? value.value : null;
  });
  return { dtype, shape };
}
