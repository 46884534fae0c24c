/**
 * @file The policy: every threshold that turns measures into words, with its default and where that came from.
 * A stored result can be judged again under another policy without running a model.
 */
import { z } from "zod";
import { VERDICT_WORDS } from "./verdicts.js";

const name = z.string().min(1);

const layers = z.array(
  z.union([
    z.int().nonnegative(),
    z
      .string()
      .regex(/^\d{1,4}-\d{1,4}$/u)
      .refine((range) => {
        const [first, last] = range.split("-").map(Number);
        return first !== undefined && last !== undefined && first <= last;
      })
      .meta({ title: 'a range of layers such as "7-9"' }),
  ]),
);

/** Which sites are meant; a key that is left out means every one. */
const selector = {
  audit: z
    .exactOptional(name)
    .meta({ description: "only this audit, by its id", examples: ["sentiment"] }),
  variable: z
    .exactOptional(name)
    .meta({ description: "only this variable", examples: ["sentiment"] }),
  layers: z
    .exactOptional(layers)
    .meta({ description: "only these layers, single or as ranges", examples: [[3, "7-9"]] }),
  roles: z
    .exactOptional(z.array(name))
    .meta({ description: "only these position roles", examples: [["last"]] }),
  verdicts: z
    .exactOptional(z.array(z.enum(VERDICT_WORDS)))
    .meta({ description: "only where the verdict is one of these", examples: [["lost"]] }),
};

const reason = name.meta({
  description: "why: shown wherever the verdict is",
  examples: ["known; see ticket 12"],
});

/** Sites that may fail for good. */
const allowance = z.strictObject({ ...selector, reason });

/** Sites that may fail up to a day. */
const waiver = z.strictObject({
  ...selector,
  reason,
  expires: z.iso.date().meta({
    description: "last day, UTC; afterwards the gate closes again",
    examples: ["2030-12-31"],
  }),
});

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
  allow: z
    .array(allowance)
    .default([])
    .describe(
      "Sites that may fail: they keep their verdict, and the gate does not look at them. An entry without layers and roles stands for the variable as a whole. " +
        "Source: none is allowed, because only the people of a release know what it may lose.",
    ),
  waivers: z
    .array(waiver)
    .default([])
    .describe(
      "As allow, but each with the last day (UTC) on which it holds; an expired one is told, and the gate closes again. " +
        "Source: none is given, because a waiver is somebody's decision.",
    ),
  regressions: z
    .enum(["ignore", "fail"])
    .default("ignore")
    .describe(
      "Whether a variable that got worse than in the result of --baseline closes the gate, whatever its verdict. " +
        "Source: a verdict says whether a variable still works as in the base; getting worse within a verdict is no such break.",
    ),
  prompts: z
    .enum(["full", "hash", "none"])
    .default("full")
    .describe(
      "How prompts of failing examples are kept in the result and its report: as text, as SHA-256, or not at all. " +
        "Source: prompts of built-in audits are public; those of your own may not be.",
    ),
});

/** Thresholds and rules of judging; `mas-audit schema policy` explains each key. */
export type Policy = Readonly<z.infer<typeof policySchema>>;

/** An entry of `allow` or of `waivers`: which sites, and why. */
export type Selector = Policy["allow"][number];

/** JSON Schema (draft 2020-12) of a policy file: every key with its default and where that came from. */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: "mas-audit policy", ...z.toJSONSchema(policySchema, { io: "input" }) };
}

/** The policy where the user gives none. */
export const DEFAULT_POLICY: Policy = policySchema.parse({});
