/**
 * @file The policy: every threshold that turns measures into words, with its default and where that came from.
 * A stored result can be judged again under another policy without running a model.
 */
import { z } from "zod";
import { VERDICT_WORDS } from "./verdicts.js";

/** Schema of a policy; unknown keys are refused, missing ones take the default. */
export const policySchema = z.strictObject({
  tau: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe(
      "How far an effect must stand above its null before a model counts as encoding the variable (share). " +
        "Source: on fourteen planted models .20 gave 0 false verdicts in 35 good cells and kept untrained networks out (0 of 7).",
    ),
  ratio: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe(
      "Share of the target's own within-model effect that a cross direction must reach. " +
        "Source: good planted pairs reached .94 or more, re-coded ones .69 or less.",
    ),
  confidence: z
    .number()
    .gt(0.5)
    .lt(1)
    .default(0.95)
    .describe(
      "Confidence of every interval: two-sided for rates, each end one-sided for ratios; 1 − confidence is the level of a claim of failure. " +
        "Source: the error rates of the planted models were measured with .95.",
    ),
  isolation: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe(
      "Share of the answers that must stay (other variables decide them) which a swap has to leave, before the variable is called entangled; a label, it closes no gate. " +
        "Source: on the planted models swaps of the size used here left .97 on average and .66 at worst.",
    ),
  minPairs: z
    .int()
    .min(2)
    .default(60)
    .describe(
      "Fewest held-out pairs on which anything is judged. " +
        "Source: from 300 pairs on every planted cell was decided and at 100 nearly all; below 60 intervals are wider than tau.",
    ),
  closesGate: z
    .array(z.enum(VERDICT_WORDS))
    .default(["fails", "lost"])
    .describe(
      "Verdicts of a variable that close the gate. Source: these two mean that something the base did no longer works the same way; " +
        "the others mean that it works elsewhere, that it never did, or that nothing was decided.",
    ),
  multiplicity: z
    .enum(["holm", "benjamini-hochberg", "none"])
    .default("holm")
    .describe(
      "Correction of the claims of failure over all cells and directions of a run. " +
        "Source: Holm needs no assumption on how cells depend; on the planted models it changed no verdict.",
    ),
});

/** Thresholds and rules of judging; see {@link policySchema} for each key. */
export type Policy = Readonly<z.infer<typeof policySchema>>;

/** JSON Schema (draft 2020-12) of a policy file: every key with its default and where that came from. */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: "mas-audit policy", ...z.toJSONSchema(policySchema, { io: "input" }) };
}

/** The policy where the user gives none. */
export const DEFAULT_POLICY: Policy = policySchema.parse({});
