/**
 * @file From the bytes of an ONNX file to a {@link Model}. Everything that we do not interpret is kept (`origin`)
 * and written back by `encode.ts`. Beside `encode.ts` the only file that knows the generated protobuf code.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { realpathSync } from "node:fs";
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { ModelFormatError } from "../errors.js";
import { ExternalFiles } from "./external.js";
import {
  Graph,
  type Attribute,
  type Dim,
  type Model,
  type Value,
  type ValueType,
} from "./graph.js";
import { notOnnx, readSkeleton, SELF } from "./skeleton.js";
import { byteLength, dtypeOf, DTYPES, narrow, type DType, type Tensor } from "./tensor.js";

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
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw notOnnx(path, cause instanceof Error ? cause.message : String(cause));
  }
  if (proto.graph === undefined || proto.opsetImport.length === 0) {
    throw notOnnx(path, "protobuf without a graph or without operator sets");
  }
  const opsets = new Map<string, number>();
  for (const { domain, version } of proto.opsetImport) {
    opsets.set(domain === "ai.onnx" ? "" : domain, narrow(version, `${path}, opset_import`));
  }
  return {
    graph: new GraphReader(path, self).read(proto.graph),
    irVersion: narrow(proto.irVersion, `${path}, ir_version`),
    opsets,
    producer: [proto.producerName, proto.producerVersion].filter((s) => s !== "").join(" "),
    functions: proto.functions,
    metadata: new Map(proto.metadataProps.map(({ key, value }) => [key, value])),
    origin: proto,
  };
}

class GraphReader {
  readonly #files: ExternalFiles;

  constructor(
    readonly path: string,
    readonly self: string,
  ) {
    this.#files = new ExternalFiles(path);
  }

  read(proto: GraphProto, parent?: Graph, outer?: ReadonlyMap<string, Value>): Graph {
    const graph = new Graph(proto.name, parent);
    graph.origin = proto;
    const names = new Map<string, Value>();
    for (const info of proto.input)
      names.set(info.name, this.#typed(graph.addInput(info.name), info));
    for (const tensor of proto.initializer) {
      names.set(tensor.name, graph.addInitializer(tensor.name, this.#tensor(tensor)));
    }
    if (proto.sparseInitializer.length > 0) {
      throw new ModelFormatError("sparse initializers are not supported", {
        code: "SPARSE_INITIALIZER",
        where: this.path,
        expected: "dense weights",
        found: `${proto.sparseInitializer.length} sparse ones`,
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
    graph.topologicalOrder(); // refuses cycles here, where the file is known
    return graph;
  }

  #readNodes(
    proto: GraphProto,
    graph: Graph,
    names: Map<string, Value>,
    outer: ReadonlyMap<string, Value> | undefined,
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
    const scope = outer === undefined ? names : new Map([...outer, ...names]);
    for (const { node, each } of made) {
      each.input.forEach((name, index) => {
        if (name === "") return;
        const value = scope.get(name);
        if (value === undefined) throw this.#unmade(name, `node "${each.name}" (${each.opType})`);
        node.replaceInput(index, value);
      });
      for (const attribute of each.attribute) {
        node.attributes.set(attribute.name, this.#attribute(attribute, graph, scope));
      }
    }
  }

  #attribute(proto: AttributeProto, graph: Graph, scope: ReadonlyMap<string, Value>): Attribute {
    if (proto.refAttrName !== "") return { kind: "opaque", value: proto };
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
        return { kind: "tensor", value: this.#tensor(proto.t), name: proto.t.name };
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

  #tensor(proto: TensorProto): Tensor {
    const where = `${this.path}, tensor "${proto.name}"`;
    const dtype = dtypeOf(proto.dataType, where);
    const dims = proto.dims.map((dim) => {
      const size = narrow(dim, where);
      if (size >= 0) return size;
      throw new ModelFormatError("a tensor with a negative dimension", {
        code: "NEGATIVE_DIM",
        where,
        expected: "dimensions of 0 or more",
        found: `[${proto.dims.join(", ")}]`,
      });
    });
    if (proto.dataLocation === DataLocation.EXTERNAL) {
      const entry = (key: string): string | undefined =>
        proto.externalData.find((each) => each.key === key)?.value;
      const location = entry("location") ?? "";
      const claim = {
        tensor: proto.name,
        dtype,
        dims,
        location,
        offset: entry("offset"),
        length: entry("length"),
      };
      const path = location === SELF ? this.self : this.#files.locate(location, proto.name);
      return { dtype, dims, data: this.#files.resolve(claim, path) };
    }
    const bytes = proto.rawData.length > 0 ? proto.rawData : typedBytes(proto, dtype);
    if (dtype !== "string" && bytes.length !== byteLength(dtype, dims)) {
      throw new ModelFormatError("a tensor's data has another size than its shape", {
        code: "TENSOR_SIZE",
        where,
        expected: `${byteLength(dtype, dims)} bytes for ${dtype} [${dims.join(", ")}]`,
        found: `${bytes.length} bytes`,
      });
    }
    return { dtype, dims, data: { kind: "inline", bytes } };
  }

  #typed(value: Value, info: ValueInfoProto): Value {
    value.type = typeOf(info, this.path) ?? value.type;
    value.origin = info;
    return value;
  }

  #unmade(name: string, user: string): ModelFormatError {
    return new ModelFormatError(`nothing makes the value "${name}"`, {
      code: "UNMADE_VALUE",
      where: this.path,
      expected: `an input, an initializer or a node output for ${user}`,
      found: "none of that name",
    });
  }
}

/** Elements stored in the typed fields of a TensorProto, as the bytes `raw_data` would hold. */
function typedBytes(proto: TensorProto, dtype: DType): Uint8Array {
  const packed = (array: ArrayBufferView): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (dtype === "float32") return packed(Float32Array.from(proto.floatData));
  if (dtype === "float64") return packed(Float64Array.from(proto.doubleData));
  if (dtype === "int64") return packed(BigInt64Array.from(proto.int64Data));
  if (dtype === "uint64") return packed(BigUint64Array.from(proto.uint64Data));
  if (dtype === "uint32") return packed(Uint32Array.from(proto.uint64Data, Number));
  // onnx.proto: all narrower types, and the bit patterns of half floats, stand in int32_data
  const bits = DTYPES[dtype].bits;
  if (bits === 16) return packed(Uint16Array.from(proto.int32Data));
  if (bits <= 8) return packed(Uint8Array.from(proto.int32Data));
  return packed(Int32Array.from(proto.int32Data));
}

function typeOf(info: ValueInfoProto, path: string): ValueType | undefined {
  const type = info.type?.value;
  if (type?.case !== "tensorType" || type.value.elemType === 0) return undefined;
  const dtype = dtypeOf(type.value.elemType, `${path}, value "${info.name}"`);
  if (type.value.shape === undefined) return { dtype };
  const shape = type.value.shape.dim.map(({ value }): Dim => {
    if (value.case === "dimValue") return narrow(value.value, `${path}, value "${info.name}"`);
    return value.case === "dimParam" && value.value !== "" ? value.value : null;
  });
  return { dtype, shape };
}
