/** @file Tensors of safetensors files as constants of a graph: where they lie, nothing is read. */
import type { DType, Tensor } from "../onnx/tensor.js";
import type { TensorPlace } from "../store/safetensors.js";

/** Element types of the format that a weight may have. */
const DTYPES = new Map<string, DType>([
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
]);

/** The tensor at a place of `file`; `undefined` for an element type that no weight may have. */
export function storedTensor(
  file: string,
  { dtype: stored, shape: dims, offset, length }: TensorPlace,
): Tensor | undefined {
  const dtype = DTYPES.get(stored);
  return dtype && { dtype, dims, data: { kind: "external", file, offset, length } };
}
