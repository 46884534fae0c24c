/**
 * @file The mistakes that a schema finds in a document, in words for a person. A misspelt key is one mistake, not an
 * unknown key and a missing one.
 */
import type { z } from "zod";
import type { Mistake } from "./audit-checks.js";
import { didYouMean, nearest } from "./did-you-mean.js";
import { formatPath, isObject, showValue, valueAt, type JsonPath } from "./json-path.js";

/** What {@link shapeMistakes} is told. */
export interface ShapeRequest {
  readonly issues: readonly z.core.$ZodIssue[];
  readonly document: unknown;
  /** Keys that the object at a place may hold. */
  readonly knownKeys: (path: JsonPath) => readonly string[];
  /** What was expected at the place of an issue. */
  readonly expected: (issue: z.core.$ZodIssue, path: JsonPath) => string;
}

/** A mistake of the shape; `part` says whether the key is wrong or its value. */
export interface ShapeMistake extends Mistake {
  readonly part: "key" | "value";
}

/** Every mistake, unknown keys first. */
export function shapeMistakes(request: ShapeRequest): readonly ShapeMistake[] {
  const unknown = request.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? unknownKeys(issue, request) : [],
  );
  const meant = new Set(unknown.flatMap(({ meant }) => meant));
  return [
    ...unknown.map(({ mistake }) => mistake),
    ...request.issues
      .filter(({ code }) => code !== "unrecognized_keys")
      .filter(({ path }) => !meant.has(formatPath(namePath(path))))
      .map((issue) => wrongValue(issue, request)),
  ];
}

function namePath(path: readonly PropertyKey[]): JsonPath {
  return path.map((step) => (typeof step === "number" ? step : String(step)));
}

interface UnknownKey {
  readonly mistake: ShapeMistake;
  /** Path of the key that was probably meant, where there is one. */
  readonly meant: readonly string[];
}

function unknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  { document, knownKeys }: ShapeRequest,
): readonly UnknownKey[] {
  const path = namePath(issue.path);
  const known = knownKeys(path);
  const used = Object.keys(toObject(valueAt(document, path)));
  const free = known.filter((key) => !used.includes(key));
  return issue.keys.map((key) => {
    const near = nearest(key, free);
    const mistake = {
      path: [...path, key],
      part: "key" as const,
      expected: `one of the keys ${known.join(", ")}`,
      found: `the key ${showValue(key)}`,
      ...didYouMean(key, free),
    };
    return { mistake, meant: near === undefined ? [] : [formatPath([...path, near])] };
  });
}

function wrongValue(issue: z.core.$ZodIssue, { document, expected }: ShapeRequest): ShapeMistake {
  const path = namePath(issue.path);
  if (issue.code === "invalid_key") {
    const found = `the key ${showValue(path.at(-1))}`;
    return { path: path.slice(0, -1), part: "key", expected: "a name that is not empty", found };
  }
  const value = valueAt(document, path);
  const found =
    value === undefined && path.length > 0 ? "nothing (the key is missing)" : showFound(value);
  const choices = issue.code === "invalid_value" ? issue.values.map(String) : [];
  const hint = typeof value === "string" ? didYouMean(value, choices) : {};
  return { path, part: "value", expected: expected(issue, path), found, ...hint };
}

/** NaN and infinities, which YAML can hold and JSON would print as null, by their names. */
function showFound(value: unknown): string {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : showValue(value);
}

function toObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
