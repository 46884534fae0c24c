/**
 * @file What the file system refuses, in our words.
 */
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

/** The error for a failed write at `path`, with the advice that fits the reason. */
export function writeError(error: unknown, path: string): HostError {
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
    const hint = "free some space; the same command resumes";
    return new HostError("the disk is full", { code: "DISK_FULL", hint, ...details });
  }
  const hint = "the same command resumes";
  return new HostError("writing failed", { code: "DISK", hint, ...details });
}

/** `ENOENT` and the like; `undefined` for what the system did not throw. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
