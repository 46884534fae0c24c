/**
 * @file One writer per folder: a file that names its holder. A holder that no longer lives is replaced.
 */
import { linkSync, readFileSync, renameSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { HostError, PlanError } from "../errors.js";
import { flushFolder, makeFolder, temporaryName, writeFlushed } from "./atomic.js";
import { errnoOf, writeError } from "./file-error.js";

/** Name of the lock file in a folder. */
export const LOCK_FILE = "run.lock";

const holderSchema = z.strictObject({
  pid: z.int().positive(),
  host: z.string(),
  /** When the process began, in ticks since boot (Linux): a reused pid has another; null where unknown. */
  processStart: z.string().nullable(),
  /** Which start of the machine (Linux): after a reboot a pid, and its ticks, may come again. */
  boot: z.exactOptional(z.string()),
  /** For a person: when the folder was taken. */
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

/** A held lock. */
export interface Lock {
  /** Is it still ours? */
  isHeld(): boolean;
  /** @throws {@link HostError} when somebody else has taken the folder meanwhile. */
  check(): void;
  release(): void;
}

/**
 * How long a held folder is waited for: a run whose supervisor was killed sees it within a second, and whoever starts the
 * same command at once should not be refused by a run that is ending.
 */
const PATIENCE_MS = 1500;
const POLL_MS = 100;

/**
 * Takes the lock of `folder`.
 *
 * @throws {@link PlanError} naming the holder when another run works there.
 */
export function takeLock(folder: string, patienceMs = PATIENCE_MS): Lock {
  const path = join(folder, LOCK_FILE);
  const text = `${JSON.stringify(describeSelf())}\n`;
  for (let waited = 0; waited < patienceMs && isTaken(path); waited += POLL_MS) pause(POLL_MS);
  makeFolder(folder); // whoever was waited for may have removed it
  if (!tryCreate(path, text)) {
    setAside(path);
    if (!tryCreate(path, text)) throw inUse(path, readText(path));
  }
  const isHeld = (): boolean => readText(path) === text;
  return {
    isHeld,
    check: () => {
      if (!isHeld()) throw lost(path);
    },
    release: () => {
      if (isHeld()) rmSync(path, { force: true });
    },
  };
}

function isTaken(path: string): boolean {
  const text = readText(path);
  return text !== undefined && holderLives(text);
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Links a finished file into place, so that a lock is never seen half-written; false where one exists. */
function tryCreate(path: string, text: string): boolean {
  const temporary = temporaryName(path);
  try {
    writeFlushed(temporary, text);
    linkSync(temporary, path);
    flushFolder(join(path, ".."));
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw writeError(error, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Removes the lock of a holder that is gone. Two runs may try at once: what was moved is looked at again, and a live
 * holder's lock is put back; {@link Lock.check} finds out the rest.
 */
function setAside(path: string): void {
  const before = readText(path);
  if (before === undefined) return;
  if (holderLives(before)) throw inUse(path, before);
  const aside = temporaryName(path);
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw writeError(error, path);
  }
  const moved = readText(aside);
  if (moved !== undefined && moved !== before && holderLives(moved)) {
    tryCreate(path, moved);
    rmSync(aside, { force: true });
    throw inUse(path, moved);
  }
  rmSync(aside, { force: true });
}

/** Does the holder live? One on another machine may: that is for a person to say. */
function holderLives(text: string): boolean {
  const holder = parseHolder(text);
  if (holder === undefined) return false; // locks are linked whole: this is no lock of ours
  if (holder.host !== hostname()) return true;
  if (holder.boot !== undefined && holder.boot !== bootId()) return false;
  if (!isProcessAlive(holder.pid)) return false;
  const start = processStart(holder.pid);
  return holder.processStart === null || start === null || start === holder.processStart;
}

/** Does a process of this machine bear this id? */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM"; // somebody else's process, but alive
  }
}

function describeSelf(): Holder {
  const { pid } = process;
  const boot = bootId();
  return {
    pid,
    host: hostname(),
    processStart: processStart(pid),
    ...(boot === undefined ? {} : { boot }),
    since: new Date().toISOString(),
  };
}

/** Field 22 of /proc/<pid>/stat. The command name before it may hold anything, ")" included. */
function processStart(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return null;
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

/** Another at each start of the machine; undefined where the system has none. */
function bootId(): string | undefined {
  return readText("/proc/sys/kernel/random/boot_id")?.trim();
}

function parseHolder(text: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // not JSON
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // gone, or not ours to read
  }
}

function inUse(path: string, text: string | undefined): PlanError {
  const holder = text === undefined ? undefined : parseHolder(text);
  const who =
    holder === undefined
      ? "another run"
      : `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  return new PlanError("output folder is in use", {
    code: "OUTPUT_IN_USE",
    where: path,
    expected: "one run at a time",
    found: who,
    hint: "wait for it, or name another folder with --out; if no such run exists, remove this file",
  });
}

function lost(path: string): HostError {
  return new HostError("another run has taken this output folder", {
    code: "LOCK_LOST",
    where: path,
    hint: "run one at a time, or name another folder with --out",
  });
}
