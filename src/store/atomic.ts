/**
 * @file Files that are whole or not there: written beside under another name, flushed, renamed.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeError } from "./file-error.js";

const SUFFIX = ".tmp";
let serial = 0;

/**
 * Writes a file so that a reader, and a run after `kill -9` or a power cut, sees the old content or all of the new.
 *
 * @throws {@link HostError} where the folder cannot be written to, or the disk fails or is full.
 */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const temporary = temporaryName(path);
  try {
    writeFlushed(temporary, content);
    renameSync(temporary, path);
    flushFolder(dirname(path));
  } catch (error) {
    removeUnfinished(temporary);
    throw writeError(error, path, Buffer.byteLength(content));
  }
}

/** Removes what is left of a file that could not be written. Where that fails as well, the first failure says more. */
export function removeUnfinished(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // a name that is too long, a folder that is gone: nothing was written there
  }
}

/** A name in the same folder (a rename does not cross file systems) that no other process uses. */
export function temporaryName(path: string): string {
  serial += 1;
  return join(dirname(path), `.${basename(path)}.${process.pid}.${serial}${SUFFIX}`);
}

/** Removes what an earlier writer left unfinished; only for a folder that nobody else writes to now. */
export function removeTemporaries(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(".") && name.endsWith(SUFFIX)) rmSync(join(folder, name), { force: true });
  }
}

/** Makes a folder and those above it. @throws {@link HostError} where that fails. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Writes and flushes a new file. @internal */
export function writeFlushed(path: string, content: Uint8Array | string): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const file = openSync(path, "wx");
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Flushes the names in a folder: without this a power cut may forget a rename. */
export function flushFolder(path: string): void {
  if (process.platform === "win32") return; // folders cannot be opened there
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
