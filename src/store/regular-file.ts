/**
 * @file Reading files that strangers wrote: only regular files are opened (a pipe would wait for ever, a device never
 * ends), and never more is read than the caller allows for.
 */
import { closeSync, openSync, readSync, statSync, type Stats } from "node:fs";
import { errnoOf } from "./file-error.js";

/** What stands at a path: a regular file with its size, or, in words for `found`, what else. */
export type Standing =
  | { readonly kind: "file"; readonly sizeBytes: number }
  | { readonly kind: "folder" | "nothing" | "other"; readonly what: string };

/** Bytes of a file, or why there are none, in words for `found`. */
export type FileRead =
  | { readonly kind: "ok"; readonly bytes: Buffer }
  | { readonly kind: "bad"; readonly found: string; readonly cause?: unknown };

/** Text of a file, or why there is none, in words for `found`. */
export type TextRead =
  | { readonly kind: "ok"; readonly text: string }
  | { readonly kind: "bad"; readonly found: string; readonly cause?: unknown };

/** `found` of a path where nothing is. */
export const NOTHING = "nothing at this path";

const MEBIBYTE = 1 << 20;

/** One row per thing that can bear a name and is neither file nor folder. */
const OTHERS: readonly (readonly [(stats: Stats) => boolean, string])[] = [
  [(stats) => stats.isFIFO(), "a named pipe"],
  [(stats) => stats.isSocket(), "a socket"],
  [(stats) => stats.isCharacterDevice() || stats.isBlockDevice(), "a device"],
];

/** Looks at a path, through symbolic links, without opening it. */
export function standingAt(path: string): Standing {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return { kind: "nothing", what: NOTHING };
    if (stats.isFile()) return { kind: "file", sizeBytes: stats.size };
    if (stats.isDirectory()) return { kind: "folder", what: "a folder" };
    const what = OTHERS.find(([is]) => is(stats))?.[1] ?? "no regular file";
    return { kind: "other", what };
  } catch (error) {
    return { kind: "other", what: refusalOf(error) };
  }
}

/** Reads a regular file of at most `limitBytes` bytes. */
export function readRegularFile(path: string, limitBytes: number): FileRead {
  const standing = standingAt(path);
  if (standing.kind !== "file") return { kind: "bad", found: standing.what };
  const { sizeBytes } = standing;
  if (sizeBytes > limitBytes) {
    const limit = `at most ${Math.floor(limitBytes / MEBIBYTE)} MiB are read`;
    return { kind: "bad", found: `a file of ${Math.ceil(sizeBytes / MEBIBYTE)} MiB; ${limit}` };
  }
  try {
    const bytes = readRange(path, 0, sizeBytes);
    if (bytes.length === sizeBytes) return { kind: "ok", bytes };
    return { kind: "bad", found: "a file that became shorter while it was read" };
  } catch (cause) {
    return { kind: "bad", found: refusalOf(cause), cause };
  }
}

/** Reads a regular file as UTF-8; bytes that are none are refused, not replaced. */
export function readTextFile(path: string, limitBytes: number): TextRead {
  const read = readRegularFile(path, limitBytes);
  if (read.kind === "bad") return read;
  const text = decodeUtf8(read.bytes);
  return text === undefined
    ? { kind: "bad", found: "bytes that are not UTF-8" }
    : { kind: "ok", text };
}

/** The text of UTF-8 bytes without a byte order mark; `undefined` where they are none, or too long for a text. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Up to `length` bytes from `start`, fewer where the file ends. The caller has seen that this is a regular file.
 *
 * @throws the system's error where the file cannot be read.
 */
export function readRange(path: string, start: number, length: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const n = readSync(file, bytes, done, length - done, start + done);
      if (n === 0) break;
      done += n;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(file);
  }
}

/** What the system refused, in words for `found`. */
export function refusalOf(error: unknown): string {
  const code = errnoOf(error);
  if (code === "EACCES" || code === "EPERM") return "a file that this user may not read";
  return `a path that the system refuses (${code ?? String(error)})`;
}
