/**
 * @file A TensorProto becomes a {@link Tensor}: its bytes inline, or a checked region of a file. What a tensor says of
 * itself is held against what it has before anything is made of it.
 */
import { TensorProto_DataLocation as DataLocation, type TensorProto } from "onnx-buf";
import { ModelFormatError } from "../errors.js";
import { ExternalFiles } from "./external.js";
import { DAMAGED } from "./hints.js";
import { SELF } from "./skeleton.js";
import { byteLength, dtypeOf, DTYPES, narrow, type DType, type Tensor } from "./tensor.js";

/** Reads the tensors of one model file. */
export class TensorReader {
  readonly #files: ExternalFiles;

  /** `self` is the real file that {@link SELF} references point into, `path` what messages call it. */
  constructor(
    readonly path: string,
    readonly self: string,
  ) {
    this.#files = new ExternalFiles(path);
  }

  /**
   * The tensor, checked.
   *
   * @throws {@link ModelFormatError} when type, dimensions and data contradict each other, or the data is not where the
   * tensor says.
   */
  read(proto: TensorProto): Tensor {
    const where = `${this.path}, tensor "${proto.name}"`;
    const dtype = dtypeOf(proto.dataType, where);
    if (dtype === "string") throw textTensor(where);
    const dims = dimsOf(proto, where);
    if (!Number.isSafeInteger(byteLength(dtype, dims))) throw absurdSize(dtype, dims, where);
    if (proto.dataLocation === DataLocation.EXTERNAL) return this.#external(proto, { dtype, dims });
    const bytes = proto.rawData.length > 0 ? proto.rawData : typedBytes(proto, dtype);
    if (bytes.length !== byteLength(dtype, dims)) {
      throw new ModelFormatError("a tensor's data has another size than its shape", {
        code: "TENSOR_SIZE",
        where,
        expected: `${byteLength(dtype, dims)} bytes for ${dtype} [${dims.join(", ")}]`,
        found: `${bytes.length} bytes`,
        hint: DAMAGED,
      });
    }
    return { dtype, dims, data: { kind: "inline", bytes } };
  }

  #external(proto: TensorProto, type: { dtype: DType; dims: readonly number[] }): Tensor {
    // the last entry of a key counts: a skeleton appends its own after any that the file has left over
    const entry = (key: string): string | undefined =>
      proto.externalData.findLast((each) => each.key === key)?.value;
    const location = entry("location") ?? "";
    const claim = {
      tensor: proto.name,
      ...type,
      location,
      offset: entry("offset"),
      length: entry("length"),
    };
    const path = location === SELF ? this.self : this.#files.locate(location, proto.name);
    return { ...type, data: this.#files.resolve(claim, path) };
  }
}

function dimsOf(proto: TensorProto, where: string): number[] {
  return proto.dims.map((dim) => {
    const size = narrow(dim, where);
    if (size >= 0) return size;
    throw new ModelFormatError("a tensor with a negative dimension", {
      code: "NEGATIVE_DIM",
      where,
      expected: "dimensions of 0 or more",
      found: `[${proto.dims.slice(0, 8).join(", ")}]`,
      hint: DAMAGED,
    });
  });
}

function textTensor(where: string): ModelFormatError {
  return new ModelFormatError("a tensor of texts", {
    code: "STRING_TENSOR",
    where,
    expected: "tensors of numbers, as language models that take token ids have",
    found: "element type string",
    hint: "export the model without the tokenizer inside: its input must be token ids",
  });
}

function absurdSize(dtype: DType, dims: readonly number[], where: string): ModelFormatError {
  const shown = `${dims.slice(0, 8).join(", ")}${dims.length > 8 ? ", …" : ""}`;
  return new ModelFormatError("a tensor of a size that no machine has", {
    code: "TENSOR_TOO_LARGE",
    where,
    expected: "less than 2^53 bytes",
    found: `${dtype} [${shown}]`,
    hint: DAMAGED,
  });
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
