/**
 * @file What a schema asks for, in words, and which keys it knows: read from its JSON Schema, so that a new key needs
 * no sentence of its own.
 */
import { z } from "zod";
import { isObject, type JsonPath } from "./json-path.js";

/** A part of a JSON Schema (draft 2020-12), as far as it is read here. */
export type SchemaNode = Readonly<Record<string, unknown>>;

/** The JSON Schema of what a person may write: keys with defaults may be missing. */
export function inputSchema(schema: z.ZodType): SchemaNode {
  return { ...z.toJSONSchema(schema, { io: "input" }) };
}

/** The part of a schema that `path` of a document has to fit; `undefined` where it knows none. */
export function schemaAt(schema: SchemaNode, path: JsonPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const step of path) {
    if (node === undefined) return undefined;
    const properties = child(node, "properties");
    node =
      typeof step === "number"
        ? child(node, "items")
        : ((properties === undefined ? undefined : child(properties, step)) ??
          child(node, "additionalProperties"));
  }
  return node;
}

/** Keys that an object of this schema may hold; none where any is welcome. */
export function keysOf(node: SchemaNode | undefined): readonly string[] {
  return Object.keys((node === undefined ? undefined : child(node, "properties")) ?? {});
}

/** What a value has to be: `a number above 0 and below 1`, `one of "holm", "none"`. */
export function describeSchema(node: SchemaNode): string {
  const choices = listOf(node, "enum");
  if (choices.length > 0) return `one of ${choices.map((each) => JSON.stringify(each)).join(", ")}`;
  if ("const" in node) return JSON.stringify(node["const"]);
  const kinds = listOf(node, "anyOf").filter(isNode);
  if (kinds.length > 0) return kinds.map(describeSchema).join(" or ");
  const type = String(node["type"]);
  return (DESCRIBE[type] ?? (() => "another value"))(node);
}

const DESCRIBE: Readonly<Partial<Record<string, (node: SchemaNode) => string>>> = {
  number: (node) => `a number${range(node)}`,
  integer: (node) => `a whole number${range(node)}`,
  string: (node) => describeText(node),
  boolean: () => "true or false",
  null: () => "null",
  array: (node) => `a list${each(child(node, "items"))}`,
  object: (node) => {
    const keys = keysOf(node);
    if (keys.length > 0) return `keys and values, with the keys ${keys.join(", ")}`;
    return `names and values${each(child(node, "additionalProperties"))}`;
  },
};

/** A text that has to fit more than a length says so by its title. */
function describeText(node: SchemaNode): string {
  if (typeof node["title"] === "string") return node["title"];
  if (node["format"] === "date") return "a day such as 2030-12-31";
  return "a text";
}

function each(node: SchemaNode | undefined): string {
  return node === undefined ? "" : `, each ${describeSchema(node)}`;
}

/** Ends of a range, in the order in which they are told; JSON Schema writes `z.int()` with the largest safe integers. */
const ENDS = [
  ["exclusiveMinimum", "above"],
  ["minimum", "at least"],
  ["exclusiveMaximum", "below"],
  ["maximum", "at most"],
] as const;

function range(node: SchemaNode): string {
  const ends = ENDS.flatMap(([name, word]) => {
    const end = node[name];
    const isEnd = typeof end === "number" && Math.abs(end) < Number.MAX_SAFE_INTEGER;
    return isEnd ? [`${word} ${end}`] : [];
  });
  const of = ends[0]?.startsWith("at") === true ? "of " : "";
  return ends.length === 0 ? "" : ` ${of}${ends.join(" and ")}`;
}

function child(node: SchemaNode, key: string): SchemaNode | undefined {
  const value = Object.hasOwn(node, key) ? node[key] : undefined;
  return isNode(value) ? value : undefined;
}

function listOf(node: SchemaNode, key: string): readonly unknown[] {
  const value = node[key];
  return Array.isArray(value) ? (value as readonly unknown[]) : []; // isArray forgets what a list of unknowns holds
}

function isNode(value: unknown): value is SchemaNode {
  return isObject(value) && !Array.isArray(value);
}
