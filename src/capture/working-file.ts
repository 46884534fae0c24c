/**
 * @file Working files of a run: opened and written with errors that a user can act on.
 */
import { openSync, writeSync } from "node:fs";
import { writeError } from "../store/file-error.js";

/** Opens an empty file for writing and reading. @throws {@link HostError} when the file system refuses. */
export function openWorkingFile(path: string): number {
  try {
    return openSync(path, "w+");
  } catch (error) {
    throw writeError(error, path);
  }
}

/**
 * Writes all bytes at `position`; a full disk takes a part first and refuses the rest.
 *
 * @throws {@link HostError} when the file system refuses.
 */
export function writeWhole(
  file: number,
  bytes: Uint8Array,
  { position, path }: { readonly position: number; readonly path: string },
): void {
  try {
    for (let at = 0; at < bytes.length;)
      at += writeSync(file, bytes, at, bytes.length - at, position + at);
  } catch (error) {
    throw writeError(error, path, bytes.length);
  }
}
