/** @file `mas-audit schema`: the formats as JSON Schema. */
import { auditJsonSchema } from "../plan/audit-schema.js";
import { alignmentJsonSchema } from "../report/schema-alignment.js";
import { compareJsonSchema } from "../report/schema-compare.js";
import { resultJsonSchema } from "../report/schema.js";
import { policyJsonSchema } from "../verdict/policy.js";
import type { Io, SchemaName } from "./commands.js";
import { EXIT } from "./exit.js";
import { progressJsonSchema } from "./progress-schema.js";

const SCHEMAS = {
  result: resultJsonSchema,
  audit: auditJsonSchema,
  policy: policyJsonSchema,
  progress: progressJsonSchema,
  compare: compareJsonSchema,
  alignment: alignmentJsonSchema,
} as const satisfies Record<SchemaName, () => unknown>;

/** Prints a JSON Schema. */
export function schemaCommand(name: SchemaName, io: Io): number {
  io.stdout.write(`${JSON.stringify(SCHEMAS[name](), null, 2)}\n`);
  return EXIT.pass;
}
