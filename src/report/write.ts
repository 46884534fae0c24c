/**
 * @file Puts a finished result on disk, whole or not at all: everything is written into a hidden sibling folder
 * that is renamed at the end, so that a run killed in between leaves nothing that looks finished.
 * Work files are copied in, not moved: the folder they come from is what a resumed run stands on.
 */
import { constants, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";

import { MasAuditError, invariant } from "../errors.js";
import { flushFolder, writeFlushed } from "../store/atomic.js";
import { writeError } from "../store/file-error.js";
import { isProcessAlive } from "../store/lock.js";
import { renderReport } from "./html/page.js";
import { checkOutputFolder, isPresent } from "./output-folder.js";
import { serialiseResult } from "./result-text.js";
import { REPORT_FILE, RESULT_FILE, type Result } from "./schema.js";

/** A file that joins the output; `name` is relative to the output folder, with `/` between parts. */
export type ExtraFile =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly bytes: Uint8Array };

/** What {@link writeOutput} is asked to write. */
export interface OutputRequest {
  /** The new folder; its parents are made when missing. */
  readonly folder: string;
  readonly result: Result;
  /** Replace an earlier output of ours at the same place. */
  readonly force: boolean;
  readonly extras?: readonly ExtraFile[];
}

/** Absolute paths of what was written. */
export interface WrittenOutput {
  readonly folder: string;
  readonly resultPath: string;
  readonly reportPath: string;
}

/**
 * Writes `result.json`, `report.html` and the extra files into a new folder, atomically.
 *
 * @throws {@link PlanError} `OUTPUT_EXISTS`, as {@link checkOutputFolder}.
 * @throws {@link HostError} when the file system refuses.
 */
export function writeOutput(request: OutputRequest): WrittenOutput {
  const folder = resolve(request.folder);
  checkOutputFolder(folder, request.force);
  // printed before anything is touched: what fails below is the file system
  const texts = {
    [REPORT_FILE]: renderReport(request.result),
    [RESULT_FILE]: serialiseResult(request.result),
  };
  removeLeftovers(folder, request.force);
  const partial = siblingOf(folder, "new");
  try {
    fillFolder(partial, { texts, extras: request.extras ?? [] });
    putInPlace(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error instanceof MasAuditError ? error : writeError(error, folder);
  }
  return {
    folder,
    resultPath: join(folder, RESULT_FILE),
    reportPath: join(folder, REPORT_FILE),
  };
}

interface Content {
  readonly texts: Readonly<Record<string, string>>;
  readonly extras: readonly ExtraFile[];
}

function fillFolder(folder: string, { texts, extras }: Content): void {
  mkdirSync(folder, { recursive: true });
  for (const extra of extras) addExtra(folder, extra);
  for (const [name, text] of Object.entries(texts)) writeFlushed(join(folder, name), text);
  flushFolder(folder);
}

function addExtra(folder: string, extra: ExtraFile): void {
  const path = resolve(folder, extra.name);
  invariant(path.startsWith(folder + sep), `extra file "${extra.name}" lies outside the output`);
  mkdirSync(dirname(path), { recursive: true });
  if ("bytes" in extra) writeFlushed(path, extra.bytes);
  else copyFileSync(extra.path, path, constants.COPYFILE_FICLONE);
}

/** Renames `partial` to `folder`; an earlier output steps aside first and comes back if that fails. */
function putInPlace(partial: string, folder: string): void {
  const earlier = isPresent(folder) ? siblingOf(folder, "replaced") : undefined;
  if (earlier !== undefined) renameSync(folder, earlier);
  try {
    renameSync(partial, folder);
  } catch (error) {
    if (earlier !== undefined) renameSync(earlier, folder);
    throw error;
  }
  flushFolder(dirname(folder));
  if (earlier !== undefined) rmSync(earlier, { recursive: true, force: true });
}

/** What a writer that was killed left beside `folder`; an earlier output that had stepped aside was to be replaced. */
function removeLeftovers(folder: string, force: boolean): void {
  const parent = dirname(folder);
  if (!isPresent(parent)) return;
  const prefix = `.${basename(folder)}.`;
  for (const name of readdirSync(parent).filter((each) => each.startsWith(prefix))) {
    const [, what, pid] = /^(new|replaced)-(\d+)$/.exec(name.slice(prefix.length)) ?? [];
    if (what === undefined || isProcessAlive(Number(pid))) continue;
    if (what === "new" || force) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function siblingOf(folder: string, what: string): string {
  return join(dirname(folder), `.${basename(folder)}.${what}-${process.pid}`);
}
