/** @file Files that must hold one JSON object: configurations and indices that strangers wrote. */
import { readJson } from "../store/json-document.js";
import { readTextFile } from "../store/regular-file.js";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Is the value an object, and no list? */
export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object of a file, or why there is none, in words for `found`. */
export type ObjectRead =
  { readonly kind: "ok"; readonly value: Json } | { readonly kind: "bad"; readonly found: string };

/** Reads a regular file of at most `limitBytes` bytes as one JSON object. */
export function readJsonObject(path: string, limitBytes: number): ObjectRead {
  const read = readTextFile(path, limitBytes);
  const json = read.kind === "ok" ? readJson(read.text) : read;
  if (json.kind === "bad") return { kind: "bad", found: json.found };
  if (isJson(json.value)) return { kind: "ok", value: json.value };
  return { kind: "bad", found: "another JSON value" };
}
