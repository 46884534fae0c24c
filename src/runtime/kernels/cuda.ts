/**
 * @file Kernels of the CUDA provider for the operators of decoders and of their derived graphs.
 *
 * Source: ONNX Runtime, docs/OperatorKernels.md at commit 001d12d2 (a list that its build generates), section
 * CUDAExecutionProvider, rewritten by hand for the operators that matter here. The list only ever grew from release to
 * release, so what it says is there is there in 1.30. An operator without a row has no kernel.
 */
import { kernelTable } from "./kernel.js";

/** The table, by operator. */
export const CUDA_KERNELS = kernelTable({
  // elementwise
  Abs: [
    [6, "floats"],
    [13, "allNumbers"],
  ],
  Add: [
    [7, "numbers"],
    [13, "wideNumbers"],
    [14, "allNumbers"],
  ],
  And: [[7, "bool"]],
  Cast: [[6, "moved"]],
  Ceil: [[6, "floats"]],
  Clip: [
    [6, "half"],
    [12, "floats", "int8", "int64", "uint8", "uint64"],
  ],
  Cos: [[7, "floats"]],
  Div: [
    [7, "numbers"],
    [13, "wideNumbers"],
    [14, "allNumbers"],
  ],
  Dropout: [
    [7, "floats"],
    [13, "wideFloats"],
  ],
  Equal: [
    [7, "bool", "int32", "int64"],
    [11, "numbers", "bool"],
  ],
  Erf: [
    [9, "floats"],
    [13, "wideFloats"],
  ],
  Exp: [
    [6, "floats"],
    [13, "wideFloats"],
  ],
  Floor: [[6, "floats"]],
  Gelu: [[20, "wideFloats"]],
  Greater: [
    [7, "floats"],
    [9, "numbers"],
  ],
  GreaterOrEqual: [[12, "numbers"]],
  Identity: [[1, "moved"]],
  IsInf: [
    [10, "floats"],
    [20, "wideFloats"],
  ],
  IsNaN: [
    [9, "floats"],
    [13, "wideFloats"],
  ],
  Less: [
    [7, "floats"],
    [9, "numbers"],
  ],
  LessOrEqual: [[12, "numbers"]],
  Log: [[6, "floats"]],
  Max: [
    [6, "wideFloats"],
    [12, "wideNumbers"],
  ],
  Min: [
    [6, "wideFloats"],
    [12, "wideNumbers"],
  ],
  Mod: [
    [10, "numbers"],
    [13, "wideNumbers"],
  ],
  Mul: [
    [7, "numbers"],
    [13, "wideNumbers"],
    [14, "allNumbers"],
  ],
  Neg: [
    [6, "floats", "int8", "int16", "int32", "int64"],
    [13, "wideFloats", "int8", "int16", "int32", "int64"],
  ],
  Not: [[1, "bool"]],
  Or: [[7, "bool"]],
  Pow: [
    [7, "floats"],
    [12, "floats", "int32", "int64"],
    [13, "wideFloats", "int32", "int64"],
  ],
  Reciprocal: [[6, "floats"]],
  Relu: [
    [6, "floats"],
    [13, "wideFloats"],
  ],
  Round: [[11, "floats"]],
  Sigmoid: [
    [6, "floats"],
    [13, "wideFloats"],
  ],
  Sign: [[13, "allNumbers"]],
  Sin: [[7, "floats"]],
  Softplus: [[1, "floats"]],
  Sqrt: [
    [6, "floats"],
    [13, "wideFloats"],
  ],
  Sub: [
    [7, "numbers"],
    [13, "wideNumbers"],
    [14, "allNumbers"],
  ],
  Tanh: [
    [6, "floats"],
    [13, "wideFloats"],
  ],
  Where: [
    [9, "floats", "int32", "int64", "uint8"],
    [16, "wideFloats", "int32", "int64", "uint8"],
  ],
  Xor: [[7, "bool"]],

  // matmul
  Einsum: [[12, "floats"]],
  Gemm: [
    [7, "floats"],
    [13, "wideFloats"],
  ],
  MatMul: [
    [1, "floats"],
    [13, "wideFloats"],
  ],
  "com.microsoft.FusedMatMul": [[1, "wideFloats"]],
  "com.microsoft.MatMulNBits": [[1, "wideHalf"]],

  // reductions
  ArgMax: [[1, "floats"]],
  ArgMin: [[1, "floats"]],
  CumSum: [[11, "numbers"]],
  LogSoftmax: [[1, "floats"]],
  ReduceLogSumExp: [[1, "floats"]],
  ReduceMax: [[1, "floats", "int32", "int64"]],
  ReduceMean: [[1, "floats", "int32"]],
  ReduceMin: [[1, "floats", "int8", "int32", "int64", "uint8"]],
  ReduceProd: [[1, "floats", "int32"]],
  ReduceSum: [
    [1, "floats", "int32", "int64"],
    [13, "wideFloats", "int32", "int64"],
  ],
  ReduceSumSquare: [[1, "floats"]],
  Softmax: [
    [1, "floats"],
    [13, "wideFloats"],
  ],

  // movement
  Concat: [[4, "moved"]],
  ConstantOfShape: [[9, "moved"]],
  Expand: [[8, "moved"]],
  Flatten: [[1, "moved"]],
  Pad: [
    [2, "floats"],
    [13, "floats", "bool"],
  ],
  Range: [[11, "floats", "int16", "int32", "int64"]],
  Reshape: [[1, "moved"]],
  Shape: [[1, "moved"]],
  Size: [[1, "moved"]],
  Slice: [[1, "moved"]],
  Split: [[2, "moved"]],
  Squeeze: [[1, "moved"]],
  Tile: [
    [6, "floats", "int32", "int64"],
    [13, "wideFloats", "int32", "int64"],
  ],
  Transpose: [[1, "moved"]],
  Trilu: [[14, "moved"]],
  Unsqueeze: [[1, "moved"]],

  // gather and scatter
  Compress: [[9, "moved"]],
  Gather: [[1, "moved"]],
  GatherElements: [[11, "moved"]],
  GatherND: [
    [11, "floats", "bool", "int64"],
    [13, "wideFloats", "int64"],
  ],
  NonZero: [[9, "half", "bool", "int32", "int64", "uint8"]],
  OneHot: [[11, "half", "int64"]],
  ScatterElements: [[11, "moved"]],
  ScatterND: [[11, "moved"]],
  TopK: [[1, "floats", "int32", "int64"]],
  "com.microsoft.GatherBlockQuantized": [[1, "wideHalf"]],

  // quantised weights: the type is that of the scale
  DequantizeLinear: [[10, "half"]],

  // normalisation and activations of transformers
  LayerNormalization: [[1, "wideFloats"]],
  RMSNormalization: [[23, "wideFloats"]],
  SimplifiedLayerNormalization: [[1, "wideFloats"]],
  "com.microsoft.BiasGelu": [[1, "wideFloats"]],
  "com.microsoft.EmbedLayerNormalization": [[1, "half"]],
  "com.microsoft.FastGelu": [[1, "wideFloats"]],
  "com.microsoft.Gelu": [[1, "wideFloats"]],
  "com.microsoft.QuickGelu": [[1, "wideHalf"]],
  "com.microsoft.SkipLayerNormalization": [[1, "wideHalf"]],
  "com.microsoft.SkipSimplifiedLayerNormalization": [[1, "wideHalf"]],

  // attention
  Attention: [[23, "wideHalf"]],
  RotaryEmbedding: [[23, "wideHalf"]],
  "com.microsoft.Attention": [[1, "wideHalf"]],
  // no float32: a float32 decoder with this operator runs only after its attention is decomposed
  "com.microsoft.GroupQueryAttention": [[1, "bfloat16Half"]],
  "com.microsoft.MultiHeadAttention": [[1, "wideHalf"]],
  "com.microsoft.RotaryEmbedding": [[1, "wideHalf"]],

  // control flow
  If: [[1, "bool"]],
});
