/**
 * @file Element types and tensors as they stand in ONNX files: little-endian bytes, or a region of a file.
 *
 * A tensor is never loaded to be passed on: `external` data stays a reference (file, offset, length) from
 * decode to the session.
 */
import { invariant, ModelFormatError } from "../errors.js";
import { DAMAGED } from "./hints.js";

/** ONNX element type numbers (onnx.proto, TensorProto.DataType) by name, with their size in bits. */
export const DTYPES = {
  float32: { code: 1, bits: 32 },
  uint8: { code: 2, bits: 8 },
  int8: { code: 3, bits: 8 },
  uint16: { code: 4, bits: 16 },
  int16: { code: 5, bits: 16 },
  int32: { code: 6, bits: 32 },
  int64: { code: 7, bits: 64 },
  string: { code: 8, bits: 0 },
  bool: { code: 9, bits: 8 },
  float16: { code: 10, bits: 16 },
  float64: { code: 11, bits: 64 },
  uint32: { code: 12, bits: 32 },
  uint64: { code: 13, bits: 64 },
  complex64: { code: 14, bits: 64 },
  complex128: { code: 15, bits: 128 },
  bfloat16: { code: 16, bits: 16 },
  float8e4m3fn: { code: 17, bits: 8 },
  float8e4m3fnuz: { code: 18, bits: 8 },
  float8e5m2: { code: 19, bits: 8 },
  float8e5m2fnuz: { code: 20, bits: 8 },
  uint4: { code: 21, bits: 4 },
  int4: { code: 22, bits: 4 },
  float4e2m1: { code: 23, bits: 4 },
  float8e8m0: { code: 24, bits: 8 },
  uint2: { code: 25, bits: 2 },
  int2: { code: 26, bits: 2 },
} as const satisfies Record<string, { code: number; bits: number }>;

/** Name of an ONNX element type. */
export type DType = keyof typeof DTYPES;

const BY_CODE = new Map<number, DType>(
  (Object.keys(DTYPES) as DType[]).map((name) => [DTYPES[name].code, name]),
);

/**
 * Returns the name of an ONNX element type number.
 *
 * @throws {@link ModelFormatError} for a number that ONNX does not define.
 */
export function dtypeOf(code: number, where: string): DType {
  const dtype = BY_CODE.get(code);
  if (dtype === undefined) {
    throw new ModelFormatError("unknown element type", {
      code: "ELEMENT_TYPE",
      where,
      expected: `a number from 1 to ${BY_CODE.size}`,
      found: String(code),
      hint: "export the model again; element types beyond these are newer than this program",
    });
  }
  return dtype;
}

/** Is this a floating-point type that a gradient may flow through? */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float16" || dtype === "float64" || dtype === "bfloat16";
}

/** Where the bytes of a tensor are. `external.file` is an absolute path. */
export type TensorData =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | {
      readonly kind: "external";
      readonly file: string;
      readonly offset: number;
      readonly length: number;
    };

/** A constant of a graph: element type, dimensions and where its bytes are. */
export interface Tensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** Floating-point types of 16 bits. */
export const HALVES: ReadonlySet<DType | undefined> = new Set<DType>(["float16", "bfloat16"]);

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** Bytes that a dense tensor of this type and shape takes; sub-byte types are packed. */
export function byteLength(dtype: DType, dims: readonly number[]): number {
  return Math.ceil((elementCount(dims) * DTYPES[dtype].bits) / 8);
}

function inline(dtype: DType, dims: readonly number[], array: ArrayBufferView): Tensor {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
  invariant(
    bytes.length === byteLength(dtype, dims),
    `${dtype} tensor [${dims.join(", ")}] has ${bytes.length} bytes`,
  );
  return { dtype, dims, data: { kind: "inline", bytes } };
}

/** Makes an inline float32 tensor. */
export function float32Tensor(values: ArrayLike<number>, dims: readonly number[]): Tensor {
  return inline("float32", dims, Float32Array.from(values));
}

/** Makes an inline float64 tensor. */
export function float64Tensor(values: ArrayLike<number>, dims: readonly number[]): Tensor {
  return inline("float64", dims, Float64Array.from(values));
}

/** Makes an inline int64 tensor; 1-D unless `dims` says otherwise. */
export function int64Tensor(
  values: readonly (number | bigint)[],
  dims: readonly number[] = [values.length],
): Tensor {
  return inline(
    "int64",
    dims,
    BigInt64Array.from(values, (v) => BigInt(v)),
  );
}

/** Makes an inline bool tensor. */
export function boolTensor(values: readonly boolean[], dims: readonly number[]): Tensor {
  return inline("bool", dims, Uint8Array.from(values, Number));
}

/**
 * Narrows an int64 to a number without loss.
 *
 * @throws {@link ModelFormatError} beyond ±(2⁵³ − 1); nothing is clamped.
 */
export function narrow(value: bigint, where: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new ModelFormatError("an int64 value does not fit a double", {
      code: "INT64_RANGE",
      where,
      expected: "a value within ±(2^53 - 1)",
      found: value.toString(),
      hint: DAMAGED,
    });
  }
  return number;
}

/** Reads the elements of a small inline tensor as numbers; `undefined` for external data or types without a number. */
export function readNumbers(tensor: Tensor): number[] | undefined {
  if (tensor.data.kind !== "inline") return undefined;
  const { bytes } = tensor.data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const n = elementCount(tensor.dims);
  const read = NUMBER_READERS[tensor.dtype];
  if (read === undefined) return undefined;
  return Array.from({ length: n }, (_, i) => read(view, i));
}

const NUMBER_READERS: { readonly [D in DType]?: (view: DataView, i: number) => number } = {
  float32: (v, i) => v.getFloat32(4 * i, true),
  float64: (v, i) => v.getFloat64(8 * i, true),
  float16: (v, i) => halfToNumber(v.getUint16(2 * i, true)),
  bfloat16: (v, i) => bfloatToNumber(v.getUint16(2 * i, true)),
  int8: (v, i) => v.getInt8(i),
  uint8: (v, i) => v.getUint8(i),
  int16: (v, i) => v.getInt16(2 * i, true),
  uint16: (v, i) => v.getUint16(2 * i, true),
  int32: (v, i) => v.getInt32(4 * i, true),
  uint32: (v, i) => v.getUint32(4 * i, true),
  // not narrowed through `narrow`: INT64_MAX is a legal sentinel of Slice and stays beyond every length as a double
  int64: (v, i) => Number(v.getBigInt64(8 * i, true)),
  bool: (v, i) => v.getUint8(i),
};

/** Decodes one IEEE 754 half-precision number (sign 1, exponent 5, fraction 10 bits). */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Decodes one bfloat16 number: the upper half of a float32. */
export function bfloatToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
