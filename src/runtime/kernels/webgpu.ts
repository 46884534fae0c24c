/**
 * @file Kernels of the WebGPU provider for operators on floating-point numbers.
 *
 * There is no published list for this provider. Source: measured with onnxruntime-node 1.30.0. An operator has a row when
 * a graph of it alone opens with fallback to the CPU disabled (`test/runtime/kernels.test.ts` repeats that where an
 * adapter is there), or, for the fused ones, when the runtime does not list it as missing for real exports. Integers have
 * few kernels and none for int64: they are left to the CPU and not listed. Absent by measurement: FusedMatMul,
 * LogSoftmax, Attention (the standard one), IsNaN, IsInf, Sign, Round, Mod, Dropout; float64 in general.
 */
import { kernelTable, type KernelRow } from "./kernel.js";

const half: KernelRow = [[1, "half"]];

/** Operators with a kernel for float32, and for float16 where the adapter has it. */
const OPERATORS = [
  "Abs",
  "Add",
  "ArgMax",
  "Cast",
  "CastLike",
  "Ceil",
  "Clip",
  "Concat",
  "CumSum",
  "Div",
  "Equal",
  "Erf",
  "Exp",
  "Expand",
  "Flatten",
  "Floor",
  "Gather",
  "GatherElements",
  "GatherND",
  "Gelu",
  "Gemm",
  "Greater",
  "GreaterOrEqual",
  "Identity",
  "LayerNormalization",
  "Less",
  "LessOrEqual",
  "Log",
  "MatMul",
  "Max",
  "Min",
  "Mul",
  "Neg",
  "Pad",
  "Pow",
  "RMSNormalization",
  "Reciprocal",
  "ReduceLogSumExp",
  "ReduceMax",
  "ReduceMean",
  "ReduceMin",
  "ReduceProd",
  "ReduceSum",
  "ReduceSumSquare",
  "Relu",
  "Reshape",
  "ScatterElements",
  "ScatterND",
  "Shape",
  "Sigmoid",
  "SimplifiedLayerNormalization",
  "Slice",
  "Softmax",
  "Softplus",
  "Split",
  "Sqrt",
  "Squeeze",
  "Sub",
  "Tanh",
  "Tile",
  "Transpose",
  "Trilu",
  "Unsqueeze",
  "Where",
  "com.microsoft.BiasGelu",
  "com.microsoft.FastGelu",
  "com.microsoft.Gelu",
  "com.microsoft.GroupQueryAttention",
  "com.microsoft.MatMulNBits",
  "com.microsoft.QuickGelu",
  "com.microsoft.RotaryEmbedding",
  "com.microsoft.SkipLayerNormalization",
  "com.microsoft.SkipSimplifiedLayerNormalization",
] as const;

/** The table, by operator. */
export const WEBGPU_KERNELS = kernelTable(Object.fromEntries(OPERATORS.map((op) => [op, half])));
