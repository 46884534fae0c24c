/**
 * @file Tensors that cross the border to ONNX Runtime: element type, dimensions and a typed array.
 */

/** Array type of each element type that may cross the border; bfloat16 never does (the runtime refuses it). */
export interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  /** Half-precision bit patterns. */
  float16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** Element type of a tensor at the border. */
export type BorderDType = keyof ArrayOf;

/** A dense tensor, row-major. */
export type RuntimeTensor = {
  [D in BorderDType]: {
    readonly dtype: D;
    readonly dims: readonly number[];
    readonly data: ArrayOf[D];
  };
}[BorderDType];

/** Makes a tensor of one element type. */
export function tensor<D extends BorderDType>(
  dtype: D,
  dims: readonly number[],
  data: ArrayOf[D],
): Extract<RuntimeTensor, { dtype: D }> {
  return { dtype, dims, data } as Extract<RuntimeTensor, { dtype: D }>; // D picks one member of the union
}

/** Makes an int64 tensor from plain integers. */
export function int64(dims: readonly number[], values: Iterable<number>): RuntimeTensor {
  return tensor(
    "int64",
    dims,
    BigInt64Array.from(values, (value) => BigInt(value)),
  );
}
