/**
 * @file `result.json`, version 1: the truth that every view renders. Names stay; new ones may be added.
 */
import { z } from "zod";

import type { AuditMeasures, CellMeasures, Side } from "../measure/measures.js";
import type { Policy } from "../verdict/policy.js";
import { storedPolicySchema } from "../verdict/stored-policy.js";
import type { Multiplicity, RunVerdict, VariableVerdict } from "../verdict/verdicts.js";
import { comparisonSchema, type Comparison } from "./schema-comparison.js";
import { manifestSchema } from "./schema-manifest.js";
import { auditSchema, cellSchema } from "./schema-measures.js";
import { text, textList } from "./schema-parts.js";
import { multiplicitySchema, variableSchema } from "./schema-verdicts.js";

/** Name and version of the format. */
export const RESULT_SCHEMA = "mas-audit/result@1";
/** Name of the result inside an output folder. */
export const RESULT_FILE = "result.json";
/** Name of the HTML view inside an output folder. */
export const REPORT_FILE = "report.html";

const preflight = z.strictObject({
  model: z.enum(["base", "tuned"]),
  check: text,
  value: z.number(),
  bound: z.number(),
  unit: text,
  ok: z.boolean(),
  /** Which side of the bound is good; without it, the bound is an upper one. */
  relation: z.exactOptional(z.enum(["at most", "at least"])),
});

const warning = z.strictObject({
  code: text,
  message: text,
  where: z.exactOptional(text),
  hint: z.exactOptional(text),
});

/** One self-check of a model. Units: as `unit` says. */
export interface PreflightEntry {
  readonly model: Side;
  readonly check: string;
  readonly value: number;
  readonly bound: number;
  readonly unit: string;
  readonly ok: boolean;
  readonly relation?: "at most" | "at least";
}

/** Something a reader should know that stopped nothing. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
}

/** Everything needed to repeat the run; see `schema-manifest.ts`. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** Content of `result.json`. @public */
export interface Result {
  readonly schema: typeof RESULT_SCHEMA;
  readonly verdict: RunVerdict["verdict"];
  /** Why the run is called so; the first sentence is the deciding one. */
  readonly reasons: readonly string[];
  readonly variables: readonly VariableVerdict[];
  readonly multiplicity: Multiplicity;
  readonly policy: Policy;
  readonly audits: readonly AuditMeasures[];
  readonly cells: readonly CellMeasures[];
  readonly preflight: readonly PreflightEntry[];
  /** What a reader might believe to be covered and is not; sentences. */
  readonly notTested: readonly string[];
  readonly warnings: readonly Warning[];
  /** Against the result of an earlier audit, where one was given. */
  readonly comparison?: Comparison;
  readonly manifest: Manifest;
}

/** Schema of {@link Result}; unknown names are refused. */
export const resultSchema = z.strictObject({
  schema: z.literal(RESULT_SCHEMA),
  verdict: z.enum(["pass", "fail", "inconclusive", "not-measurable"]),
  reasons: textList,
  variables: z.array(variableSchema),
  multiplicity: multiplicitySchema,
  policy: storedPolicySchema,
  audits: z.array(auditSchema),
  cells: z.array(cellSchema),
  preflight: z.array(preflight),
  notTested: textList,
  warnings: z.array(warning),
  comparison: z.exactOptional(comparisonSchema),
  manifest: manifestSchema,
}) satisfies z.ZodType<Result>;

/** The format as JSON Schema (draft 2020-12), for programs in other languages. @public */
export function resultJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: RESULT_SCHEMA, ...z.toJSONSchema(resultSchema, { io: "input" }) };
}
