/**
 * @file A result as the page may show it: texts of strangers (prompts, names, paths) with controls and marks that turn
 * the direction of writing spelt out, and names cut where they would bury the page. Escaping is the renderer's.
 */
import { printable } from "../printable.js";
import type { Result } from "../schema.js";

/** Longest text that is shown whole: a long reason or command fits, a pasted book does not. */
const MOST = 1200;

/** A copy for showing; figures, keys' order and everything else stay. */
export function showable(result: Result): Result {
  return copy(result) as Result; // the same shape: only characters of texts differ
}

function copy(value: unknown): unknown {
  if (typeof value === "string") return shown(value);
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [shown(key), copy(item)]));
}

function shown(text: string): string {
  if (text.length <= MOST || isHits(text)) return printable(text);
  const letters = Array.from(text).slice(0, MOST).join("");
  return `${printable(letters)}… (${text.length - letters.length} more characters)`;
}

/** Outcomes per trial, which may be many and are never shown. */
function isHits(text: string): boolean {
  return /^[01]*$/.test(text);
}
