/**
 * @file `result.json` as text: writing it the same way every time, and reading it with errors that name the place.
 */
import type { z } from "zod";

import { PlanError, invariant } from "../errors.js";
import { readJson } from "../store/json-document.js";
import { printCanonical } from "./canonical.js";
import { RESULT_SCHEMA, resultSchema, type Result } from "./schema.js";

const SHOWN = 8;

/**
 * Prints a result: equal content gives equal bytes, whatever the order of keys in memory.
 *
 * @throws {@link InvariantError} when it does not keep to its own schema (NaN included).
 */
export function serialiseResult(result: Result): string {
  const checked = resultSchema.safeParse(result);
  const broken = checked.success ? "" : problems(checked.error.issues, result);
  invariant(checked.success, `the result breaks its own schema: ${broken}`);
  return printCanonical(checked.data);
}

/**
 * Reads a result.
 *
 * @throws {@link PlanError} `RESULT_INVALID` naming each place, what was expected and what was found.
 */
export function parseResult(content: string, where = "result.json"): Result {
  const json = parseJson(content, where);
  const checked = resultSchema.safeParse(json);
  if (checked.success) return checked.data;
  throw new PlanError("this file is not a result of mas-audit", {
    code: "RESULT_INVALID",
    where,
    expected: `the format ${RESULT_SCHEMA}`,
    found: problems(checked.error.issues, json),
    hint: "`mas-audit schema result` prints the format",
  });
}

function parseJson(content: string, where: string): unknown {
  const read = readJson(content);
  if (read.kind === "ok") return read.value;
  throw new PlanError("this file is not JSON", {
    code: "RESULT_INVALID",
    where,
    expected: `JSON in the format ${RESULT_SCHEMA}`,
    found: read.found,
    hint: "a result is written whole or not at all: was the file edited or cut off on its way?",
    cause: read.cause,
  });
}

/** All problems at once, first eight in full: `variables[0].verdict: expected …, found "passes"`. */
function problems(issues: readonly z.core.$ZodIssue[], root: unknown): string {
  const lines = issues.map((issue) => {
    const found = quote(valueAt(root, issue.path));
    return `${pathText(issue.path)}: ${expectation(issue)}, found ${found}`;
  });
  const more = lines.length > SHOWN ? [`and ${lines.length - SHOWN} more`] : [];
  return [...lines.slice(0, SHOWN), ...more].join("\n");
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `expected no name ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
  }
  return issue.message.replace(/^Invalid [^:]*: /, "").replace(/, received .*$/, "");
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    root,
  );
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "(top level)";
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const name = String(key);
      if (!/^\w+$/.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}

function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value); // NaN would print as null
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
