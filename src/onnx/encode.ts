/**
 * @file From a {@link Model} to bytes. External tensors stay references: their locations are written relative to
 * one folder, the deepest that holds them all, which the session is told of.
 */
import { create, toBinary, type Message } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { relative } from "node:path";
import { invariant } from "../errors.js";
import { commonFolder } from "./external.js";
import type { Attribute, Graph, Model, Node, Value } from "./graph.js";
import { DTYPES, type Tensor } from "./tensor.js";

/** Encoded bytes and the folder that external locations are relative to. */
export interface EncodedModel {
  /** Of the graph: names the model in errors. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** `undefined` when no tensor is external. */
  readonly folder: string | undefined;
}

/** How to encode. */
export interface EncodeOptions {
  /** Folder that locations are relative to. @defaultValue the deepest folder that holds all the files */
  readonly folder?: string;
  /** Write the types of inner values. Derived graphs leave them out: a cut may have made them stale. @defaultValue true */
  readonly innerTypes?: boolean;
}

/** Encodes a model; nodes are written in topological order. */
export function encodeModel(
  model: Model,
  { folder, innerTypes = true }: EncodeOptions = {},
): EncodedModel {
  const root = folder ?? commonFolder(externalFiles(model.graph));
  const writer = new Writer(root, innerTypes);
  const origin = model.origin as ModelProto | undefined; // set by decode.ts only
  const proto = create(ModelProtoSchema, {
    ...(origin === undefined ? { producerName: model.producer } : {}),
    ...keptFields(origin, [
      "producerName",
      "producerVersion",
      "domain",
      "modelVersion",
      "docString",
    ]),
    irVersion: BigInt(model.irVersion),
    graph: writer.graph(model.graph),
    opsetImport: [...model.opsets].map(([domain, version]) => ({
      domain,
      version: BigInt(version),
    })),
    functions: model.functions.map(({ origin: proto }) => proto as FunctionProto), // decode.ts put them there
    metadataProps: [...model.metadata].map(([key, value]) => ({ key, value })),
  });
  keepUnknown(proto, origin);
  return { name: model.graph.name, bytes: toBinary(ModelProtoSchema, proto), folder: root };
}

/** Real paths of all files that a graph's tensors point into, each once. */
export function externalFiles(graph: Graph): string[] {
  const files = new Set<string>();
  const see = (tensor: Tensor | undefined): void => {
    if (tensor?.data.kind === "external") files.add(tensor.data.file);
  };
  for (const value of graph.initializers) see(value.initializer);
  for (const node of graph.nodes) {
    for (const attribute of node.attributes.values()) {
      if (attribute.kind === "tensor") see(attribute.value);
      if (attribute.kind === "graph") externalFiles(attribute.value).forEach((f) => files.add(f));
    }
  }
  return [...files];
}

class Writer {
  constructor(
    readonly folder: string | undefined,
    readonly innerTypes: boolean,
  ) {}

  graph(graph: Graph): GraphProto {
    const origin = graph.origin as GraphProto | undefined; // set by decode.ts only
    const inner = graph.nodes
      .flatMap((node) => node.outputs)
      .filter((value) => value.name !== "" && !value.isOutput && value.type !== undefined);
    const proto = create(GraphProtoSchema, {
      name: graph.name,
      ...keptFields(origin, ["docString", "quantizationAnnotation", "metadataProps"]),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
      valueInfo: this.innerTypes ? inner.map(valueInfo) : [],
      initializer: graph.initializers.map((value) => {
        invariant(value.initializer !== undefined, `initializer "${value.name}" without tensor`);
        return this.tensor(value.initializer, value.name);
      }),
      node: graph.topologicalOrder().map((node) => this.node(node)),
    });
    return keepUnknown(proto, origin);
  }

  node(node: Node): NodeProto {
    const origin = node.origin as NodeProto | undefined; // set by decode.ts only
    const proto = create(NodeProtoSchema, {
      ...keptFields(origin, ["overload", "docString", "metadataProps", "deviceConfigurations"]),
      opType: node.opType,
      name: node.name,
      input: node.inputs.map((value) => value?.name ?? ""),
      output: node.outputs.map((value) => value.name),
      attribute: [...node.attributes].map(([name, value]) => this.attribute(name, value)),
    });
    if (node.domain !== "") proto.domain = node.domain;
    return keepUnknown(proto, origin);
  }

  attribute(name: string, attribute: Attribute): AttributeProto {
    const make = (fields: Partial<AttributeProto>): AttributeProto =>
      create(AttributeProtoSchema, { ...fields, name } as AttributeProto); // a partial init of create()
    switch (attribute.kind) {
      case "int":
        return make({ type: AttributeType.INT, i: attribute.value });
      case "float":
        return make({ type: AttributeType.FLOAT, f: attribute.value });
      case "string":
        return make({ type: AttributeType.STRING, s: owned(attribute.value) });
      case "ints":
        return make({ type: AttributeType.INTS, ints: [...attribute.value] });
      case "floats":
        return make({ type: AttributeType.FLOATS, floats: [...attribute.value] });
      case "strings":
        return make({ type: AttributeType.STRINGS, strings: attribute.value.map(owned) });
      case "tensor":
        return make({
          type: AttributeType.TENSOR,
          t: this.tensor(attribute.value, attribute.name ?? ""),
        });
      case "graph":
        return make({ type: AttributeType.GRAPH, g: this.graph(attribute.value) });
      case "opaque":
        return attribute.value as AttributeProto; // decode.ts put it there
    }
  }

  tensor({ dtype, dims, data }: Tensor, name: string): TensorProto {
    const common = { name, dataType: DTYPES[dtype].code, dims: dims.map(BigInt) };
    if (data.kind === "inline")
      return create(TensorProtoSchema, { ...common, rawData: owned(data.bytes) });
    invariant(this.folder !== undefined, "external tensor without a folder");
    return create(TensorProtoSchema, {
      ...common,
      dataLocation: DataLocation.EXTERNAL,
      externalData: [
        { key: "location", value: relative(this.folder, data.file) },
        { key: "offset", value: String(data.offset) },
        { key: "length", value: String(data.length) },
      ],
    });
  }
}

function valueInfo(value: Value): ValueInfoProto {
  const origin = value.origin as ValueInfoProto | undefined; // set by decode.ts only
  const proto = create(ValueInfoProtoSchema, {
    ...keptFields(origin, ["docString", "metadataProps"]),
    name: value.name,
  });
  keepUnknown(proto, origin);
  const { type } = value;
  if (type === undefined) {
    if (origin?.type !== undefined) proto.type = origin.type;
    return proto;
  }
  const elemType = DTYPES[type.dtype].code;
  const dim = type.shape?.map((size) => {
    if (typeof size === "number")
      return { value: { case: "dimValue", value: BigInt(size) } } as const;
    return typeof size === "string" ? ({ value: { case: "dimParam", value: size } } as const) : {};
  });
  proto.type = create(TypeProtoSchema, {
    value: {
      case: "tensorType",
      value: create(
        TypeProto_TensorSchema,
        dim === undefined
          ? { elemType }
          : { elemType, shape: create(TensorShapeProtoSchema, { dim }) },
      ),
    },
  });
  return proto;
}

/** Fields of the file's own message that we carry along without interpreting them. */
function keptFields<M extends Message, K extends keyof M>(
  origin: M | undefined,
  names: readonly K[],
): Pick<M, K> {
  const kept: Partial<M> = {};
  for (const name of names) {
    // own properties only: protobuf-es keeps defaults on the prototype, and writing them would change the bytes
    if (origin !== undefined && Object.hasOwn(origin, name)) kept[name] = origin[name];
  }
  return kept as Pick<M, K>; // absent ones mean "default" to create()
}

function keepUnknown<M extends Message>(proto: M, origin: Message | undefined): M {
  if (origin?.$unknown !== undefined) proto.$unknown = origin.$unknown;
  return proto;
}

/** The generated code wants bytes over an ArrayBuffer, never a shared one. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}
