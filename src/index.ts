/**
 * The public library. Everything that is not exported here, or from `mas-audit/gradient` and `mas-audit/result`, may
 * change without notice. Importing it loads no runtime: that happens when something is first run.
 *
 * @module mas-audit
 */
export type { Backward, Continuation } from "./align/continuation.js";
export * from "./errors.js";
export { audit } from "./library/audit.js";
export type { AuditRequest } from "./library/audit-request.js";
export type { ProgressReport } from "./cli/progress-schema.js";
export type {
  AlignmentModel,
  AlignmentPairs,
  AlignmentRequest,
} from "./library/alignment-request.js";
export { feedTokens } from "./library/feed-tokens.js";
export * from "./library/gradient.js";
export { interchange, type AlignedSubspace, type InterchangeEnd } from "./library/interchange.js";
export { learnAlignment, type Alignment } from "./library/learn-alignment.js";
export { locateSites, type LocateOptions } from "./library/locate-sites.js";
export type { Evidence, ResidualSite, SitedModel } from "./library/sited-model.js";
export { splitAt, type SplitModel } from "./library/split-at.js";
export type { LearningOptions, StepReport } from "./align/learner.js";
export type { ProgressEvent } from "./cli/progress-schema.js";
export type {
  AnswerClass,
  AnswerForms,
  Assignment,
  CausalAudit,
  ChatMessage,
  Item,
  PositionRole,
  Scalar,
  Span,
} from "./plan/audit.js";
export type { Result } from "./report/schema.js";
export { VERSION } from "./version.js";
