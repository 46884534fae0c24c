/**
 * @file What the file system refuses, in our words.
 */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { HostError } from "../errors.js";

/** Refusals that another `--out` mends. */
const NOT_WRITABLE = new Set([
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOTDIR",
  "EEXIST",
  "ENOENT",
  "ENAMETOOLONG",
]);
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** The error for a failed write of `bytes` at `path`, with the advice that fits the reason. */
export function writeError(error: unknown, path: string, bytes?: number): HostError {
  const code = errnoOf(error);
  const details = { where: path, found: code ?? String(error), cause: error };
  if (code !== undefined && NOT_WRITABLE.has(code)) {
    return new HostError("the output folder cannot be written", {
      code: "OUTPUT_NOT_WRITABLE",
      expected: "a folder that can be written to",
      hint: "name another folder with --out",
      ...details,
    });
  }
  if (code !== undefined && FULL.has(code)) {
    const free = freeBytes(path);
    return new HostError("the disk is full", {
      ...{ code: "DISK_FULL", where: path, cause: error },
      ...(bytes === undefined ? {} : { expected: `room for ${bytes} bytes` }),
      found: free === undefined ? code : `${code}, ${free} bytes free`,
      hint: "free some space; nothing that was finished is lost, and the same command resumes",
    });
  }
  const hint = "the same command resumes";
  return new HostError("writing failed", { code: "DISK", hint, ...details });
}

/** Bytes that this user may still write where `path` lies; undefined where the system does not tell. */
function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** `ENOENT` and the like; `undefined` for what the system did not throw. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
