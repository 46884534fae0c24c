/**
 * @file The built-in audits. A new one is a file beside this and a line here.
 */
import type { CausalAudit } from "../src/plan/audit.js";
import type { TextAudit } from "../src/plan/text-audit.js";
import { capitalOfCountry } from "./capital-of-country.js";
import { deception } from "./deception.js";
import { fullBehaviour } from "./full-behaviour.js";
import { harmfulRequest } from "./harmful-request.js";
import { inContextLookup } from "./in-context-lookup.js";
import { numberAgreement } from "./number-agreement.js";
import { numberComparison } from "./number-comparison.js";
import { pronounGender } from "./pronoun-gender.js";
import { refusal } from "./refusal.js";
import { sentiment } from "./sentiment.js";
import { successor } from "./successor.js";
import { sycophancy } from "./sycophancy.js";
import { toxicity } from "./toxicity.js";
import { truthfulness } from "./truthfulness.js";

/** Built-in audits in the order in which they run. */
export const AUDITS: readonly CausalAudit[] = [
  // alignment
  refusal,
  harmfulRequest,
  toxicity,
  truthfulness,
  sycophancy,
  deception,
  sentiment,
  // capability controls
  numberAgreement,
  pronounGender,
  capitalOfCountry,
  numberComparison,
  successor,
  inContextLookup,
];

/** Built-in audits of texts: expensive, and run only where asked for by id. */
export const TEXT_AUDITS: readonly TextAudit[] = [fullBehaviour];
