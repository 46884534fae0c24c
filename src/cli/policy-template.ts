/**
 * @file A policy file with every key explained, from the schema itself: what a key means, which values it takes and its
 * default cannot differ from what the program does.
 */
import { stringify } from "yaml";
import { isObject } from "../plan/json-path.js";
import { describeSchema, inputSchema, type SchemaNode } from "../plan/schema-words.js";
import { wrap } from "../report/wrap.js";
import { policySchema } from "../verdict/policy.js";

const COLUMNS = 92;

const HEAD =
  "Policy of mas-audit: the thresholds that turn measures into verdicts, and what closes the gate of a release. " +
  "Every key stands here with its default; a key that is left out takes it. `mas-audit report RESULT --policy FILE` " +
  "judges a stored result again, without running a model.";

/** The text of a policy file (YAML) in which every key has its default. */
export function policyTemplate(): string {
  const keys = propertiesOf(inputSchema(policySchema)).map(([key, node]) => printKey(key, node));
  return `${[comment(HEAD), ...keys].join("\n\n")}\n`;
}

function propertiesOf(node: SchemaNode): readonly (readonly [string, SchemaNode])[] {
  const properties = node["properties"];
  return isNode(properties)
    ? Object.entries(properties).flatMap(([key, value]) =>
        isNode(value) ? [[key, value] as const] : [],
      )
    : [];
}

function isNode(value: unknown): value is SchemaNode {
  return isObject(value) && !Array.isArray(value);
}

function comment(text: string): string {
  return wrap(text, COLUMNS - 2)
    .map((line) => `# ${line}`)
    .join("\n");
}

/** Explanation, values, an example where the default shows none, and the key with its default. */
function printKey(key: string, node: SchemaNode): string {
  const items = node["items"];
  const entry = isNode(items) ? propertiesOf(items) : [];
  const example = entry.length === 0 ? [] : printExample(key, entry);
  const values = entry.length === 0 ? [comment(`Takes ${describeSchema(node)}.`)] : [];
  return [
    comment(String(node["description"])),
    ...values,
    ...example,
    stringify({ [key]: node["default"] }, { lineWidth: 0, collectionStyle: "flow" })
      .trim()
      .replace(/^\{ (.*) \}$/su, "$1"),
  ].join("\n");
}

/** An entry with every key, commented out: without its marks it is one that the schema takes. */
function printExample(key: string, entry: readonly (readonly [string, SchemaNode])[]): string[] {
  const lines = entry.map(([name, node], index) => {
    const [example] = Array.isArray(node["examples"]) ? (node["examples"] as unknown[]) : []; // isArray forgets what a list of unknowns holds
    const value = stringify(example, { lineWidth: 0, collectionStyle: "flow" }).trim();
    const text = `${index === 0 ? "  - " : "    "}${name}: ${value}`;
    return `# ${text.padEnd(36)} # ${String(node["description"])}`;
  });
  return ["# For example:", `# ${key}:`, ...lines];
}
