/**
 * @file The policy inside a finished result. It is complete, so a missing threshold is an error and never the default;
 * but a result of a version that did not know a key yet is read as that version meant it.
 */
import type { z } from "zod";
import { policySchema, type Policy } from "./policy.js";

/** What versions did that did not know a key: one row per key that came after the first results. */
export const BEFORE = {
  // no pairs for isolation were measured then, so no share of them could give a label
  isolation: 0.8,
  // every site counted
  allow: [],
  waivers: [],
  // there was no baseline
  regressions: "ignore",
  // no prompt was kept
  prompts: "none",
} as const satisfies Partial<Policy>;

const { shape } = policySchema;

/** Schema of a stored policy: unknown keys are refused, and missing ones but for {@link BEFORE}. */
export const storedPolicySchema = policySchema.extend({
  tau: shape.tau.unwrap(),
  ratio: shape.ratio.unwrap(),
  confidence: shape.confidence.unwrap(),
  isolation: shape.isolation.unwrap().default(BEFORE.isolation),
  minPairs: shape.minPairs.unwrap(),
  closesGate: shape.closesGate.unwrap(),
  multiplicity: shape.multiplicity.unwrap(),
  allow: shape.allow.unwrap().default([...BEFORE.allow]),
  waivers: shape.waivers.unwrap().default([...BEFORE.waivers]),
  regressions: shape.regressions.unwrap().default(BEFORE.regressions),
  prompts: shape.prompts.unwrap().default(BEFORE.prompts),
}) satisfies z.ZodType<Policy>;
