/**
 * `mas-audit/gradient`: gradients of any ONNX graph, for programs that want nothing else.
 *
 * @module gradient
 */
export {
  checkGradient,
  type CheckedFunction,
  type DirectionCheck,
  type GradientCheck,
  type GradientCheckOptions,
} from "../autodiff/gradient-check.js";
export type { Dim } from "../onnx/graph.js";
export type { DType } from "../onnx/tensor.js";
export type { Device, PortType, Session, SessionOptions } from "../runtime/session.js";
export {
  tensor,
  type ArrayOf,
  type Feeds,
  type RuntimeDType,
  type RuntimeTensor,
} from "../runtime/tensor.js";
export {
  gradientOf,
  type GradientRequest,
  type LossGradient,
  type UpstreamGradient,
} from "./gradient-of.js";
export type { GraphPort, OnnxBytes, OnnxGraph, OnnxSource } from "./onnx-graph.js";
export { stream, type Stream } from "../stats/stream.js";
export { openSession } from "./open-session.js";
