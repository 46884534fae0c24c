/**
 * @file SHA-256 of values and of files: what content addresses are made of.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { invariant } from "../errors.js";

/** A SHA-256 digest as 64 lower-case hexadecimal digits. */
export type Sha256 = string & { readonly __brand: "Sha256" };

/** What JSON can hold without loss. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Bytes read from a file at a time. */
const CHUNK_BYTES = 1 << 20;

/** Digest of bytes, or of a text in UTF-8. */
export function digestBytes(bytes: Uint8Array | string): Sha256 {
  return branded(createHash("sha256").update(bytes).digest("hex"));
}

/** Digest of the canonical JSON of a value. @throws {@link InvariantError} for what JSON cannot hold. */
export function digestJson(value: unknown): Sha256 {
  return digestBytes(canonicalJson(value));
}

/** Digest of a file of any size, read in pieces; rejects with the system's error where it cannot be read. */
export async function digestFile(path: string, signal?: AbortSignal): Promise<Sha256> {
  const hash = createHash("sha256");
  const options = { highWaterMark: CHUNK_BYTES, ...(signal === undefined ? {} : { signal }) };
  for await (const chunk of createReadStream(path, options)) hash.update(chunk as Uint8Array); // no encoding: always bytes
  return branded(hash.digest("hex"));
}

/** Is this text a digest? */
export function isSha256(text: string): text is Sha256 {
  return /^[0-9a-f]{64}$/.test(text);
}

function branded(hex: string): Sha256 {
  invariant(isSha256(hex), `"${hex}" is not a SHA-256`);
  return hex;
}

/**
 * JSON with sorted keys and no space: equal values give equal bytes, whatever order they were built in. Keys that are
 * `undefined` are left out, as JSON does.
 *
 * @throws {@link InvariantError} for NaN, infinities, bigint, functions and anything that is not a plain object:
 *   JSON would change them without a word.
 */
export function canonicalJson(value: unknown, path = "$"): string {
  if (value === null || typeof value === "boolean" || typeof value === "string")
    return JSON.stringify(value);
  if (typeof value === "number") {
    invariant(Number.isFinite(value), `${path} is ${value}, which JSON cannot hold`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item, i) => canonicalJson(item, `${path}[${i}]`)).join(",")}]`;
  }
  invariant(isPlainObject(value), `${path} is a ${typeName(value)}, which JSON cannot hold`);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  // by code units, as < does: a locale would order keys differently on another machine
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = entries.map(
    ([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item, `${path}.${key}`)}`,
  );
  return `{${fields.join(",")}}`;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function typeName(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}
