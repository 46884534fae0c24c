/**
 * `mas-audit/result`: finished results without their models: read, judged again, rendered.
 *
 * @module result
 */
export * from "../errors.js";
export type * from "../measure/measures.js";
export { renderReport } from "../report/html/page.js";
export { parseResult, serialiseResult } from "../report/result-text.js";
export type { Manifest, PreflightEntry, Result, Warning } from "../report/schema.js";
export { DEFAULT_POLICY, type Policy } from "../verdict/policy.js";
export { judge, type RunMeasures } from "../verdict/run.js";
export type * from "../verdict/verdicts.js";
