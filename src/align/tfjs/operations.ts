/**
 * @file The operations of TensorFlow.js that the learner is written in. Nothing is loaded here: which package brings
 * them is known when one is asked for (`runtime/tensorflow.ts`).
 */
import type * as Library from "@tensorflow/tfjs-core";

/** The part of TensorFlow.js that is used; gradients of all of it have to be registered. */
export type Operations = Pick<
  typeof Library,
  | ("add" | "div" | "expm1" | "log" | "matMul" | "mul" | "neg" | "reshape" | "softplus" | "sub")
  | ("sum" | "grad" | "tensor1d" | "tensor2d" | "tidy" | "valueAndGrads")
>;

/** A tensor of any rank; its shape stands where it is made. */
export type Tensor = Library.Tensor;
