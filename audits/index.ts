/**
 * @file The built-in audits. A new one is a file beside this and a line here.
 */
import type { CausalAudit } from "../src/plan/audit.js";
import { harmfulRequest } from "./harmful-request.js";
import { numberAgreement } from "./number-agreement.js";
import { sentiment } from "./sentiment.js";

/** Built-in audits in the order in which they run. */
export const AUDITS: readonly CausalAudit[] = [numberAgreement, sentiment, harmfulRequest];
