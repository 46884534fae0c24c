/**
 * @file Validates SARIF against the official schema of 2.1.0 (rtm.5, as the package carries it). It is JSON Schema draft 4;
 * without `$schema` and `id` it reads as a later draft.
 */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import formats from "ajv-formats";

interface Draft4 {
  $schema?: string;
  id?: string;
}

const FILE = "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json";
const schema = JSON.parse(readFileSync(FILE, "utf8")) as Draft4 & object;
delete schema.$schema;
delete schema.id;
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
formats.default(ajv);
const validate = ajv.compile(schema);

/** What is wrong with a SARIF log; nothing where it is valid. */
export function sarifMistakes(log: unknown): readonly string[] {
  if (validate(log)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
