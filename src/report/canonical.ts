/**
 * @file Canonical JSON: equal content gives equal bytes, and a person can still read it.
 * Keys stand in a fixed order, short values on one line, long lists of numbers never one per line.
 * Not a general printer: a value that JSON cannot hold is refused, never replaced by `null`.
 */
import { invariant } from "../errors.js";

/** Anything that JSON can hold. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Keys that lead, in this order; the rest follow by code unit, and `LAST` closes. */
const FIRST = [
  "schema",
  "verdict",
  "audit",
  "title",
  "question",
  "variable",
  "layer",
  "role",
  "k",
  "kind",
  "value",
  "unit",
  "n",
  "interval",
  "base→base",
  "base→tuned",
  "tuned→base",
  "tuned→tuned",
  "labels",
  "reasons",
];
const LAST = ["sites", "cells", "manifest", "timing"];
const LINE = 100;

/**
 * Prints `value` with a fixed key order, two spaces of indent and a newline at the end.
 *
 * @throws {@link InvariantError} for NaN and infinity, which JSON cannot hold.
 */
export function printCanonical(value: Json): string {
  return `${print(value, 0)}\n`;
}

function print(value: Json, depth: number): string {
  if (!isContainer(value)) return printScalar(value);
  const parts = Array.isArray(value)
    ? value.map((entry: Json) => print(entry, depth + 1))
    : entriesOf(value).map(([key, entry]) => `${JSON.stringify(key)}: ${print(entry, depth + 1)}`);
  const [open, close] = bracketsOf(value);
  if (fitsOneLine(value, parts, depth)) return `${open}${parts.join(", ")}${close}`;
  const inner = "  ".repeat(depth + 1);
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${"  ".repeat(depth)}${close}`;
}

/** Short values and lists of numbers; a part that broke its own line breaks this one. */
function fitsOneLine(value: Container, parts: readonly string[], depth: number): boolean {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "number")) return true;
  const length = parts.reduce((sum, part) => sum + part.length + 2, 0);
  return 2 * depth + length <= LINE && !parts.some((part) => part.includes("\n"));
}

function printScalar(value: null | boolean | number | string): string {
  invariant(
    typeof value !== "number" || Number.isFinite(value),
    `a result holds the number ${String(value)}, which JSON cannot hold`,
  );
  return JSON.stringify(value);
}

type Container = readonly Json[] | { readonly [key: string]: Json | undefined };

function isContainer(value: Json): value is Container {
  return typeof value === "object" && value !== null;
}

function bracketsOf(value: Container): readonly [string, string] {
  return Array.isArray(value) ? ["[", "]"] : ["{", "}"];
}

/** Entries in canonical order; a key whose value is absent is absent. */
function entriesOf(value: Container): readonly (readonly [string, Json])[] {
  return Object.entries(value)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .sort(([a], [b]) => rank(a) - rank(b) || compareCodeUnits(a, b));
}

function rank(key: string): number {
  if (FIRST.includes(key)) return FIRST.indexOf(key);
  return FIRST.length + 1 + LAST.indexOf(key);
}

// not localeCompare: the order may not depend on the machine's language
function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
