/**
 * @file The public library: what the command line is made of, for programs. Everything else may change without notice.
 */
export { ADAPTERS } from "../adapters/index.js";
export { AUDITS } from "../audits/index.js";
export {
  checkGradient,
  type CheckedFunction,
  type GradientCheck,
} from "./autodiff/gradient-check.js";
export { differentiate } from "./autodiff/differentiate.js";
export type { Backward, Continuation } from "./align/continuation.js";
export { masLearner } from "./align/mas.js";
export type { Learned, Learner, LearningProblem } from "./align/learner.js";
export * from "./errors.js";
export { measureCell, type CellResult } from "./measure/cell.js";
export type { CellInput } from "./measure/cell-input.js";
export type { AuditMeasures, CellMeasures, Direction, Side } from "./measure/measures.js";
export { loadModel } from "./models/load.js";
export type { LocatedModel } from "./models/located.js";
export { buildSuffix } from "./models/suffix.js";
export { readModel } from "./onnx/decode.js";
export { encodeModel } from "./onnx/encode.js";
export { extract } from "./onnx/extract.js";
export { printGraph } from "./onnx/print.js";
export { parseAuditFile } from "./plan/audit-file.js";
export type { CausalAudit, Item } from "./plan/audit.js";
export { parseResult, serialiseResult } from "./report/result-text.js";
export type { Result } from "./report/schema.js";
export { renderReport } from "./report/html/page.js";
export { createSession, type Session } from "./runtime/session.js";
export { stream, type Stream } from "./stats/stream.js";
export { DEFAULT_POLICY, policySchema, type Policy } from "./verdict/policy.js";
export { judge } from "./verdict/run.js";
export type { RunVerdict, SiteVerdict, VariableVerdict } from "./verdict/verdicts.js";
export { VERSION } from "./version.js";
