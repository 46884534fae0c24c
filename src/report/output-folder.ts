/**
 * @file May we write here? A folder is new, or it is an earlier output of ours and replacing was asked for;
 * anything else belongs to the user and is left alone. Called before a run starts and again before it writes.
 */
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  rmdirSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";

import { PlanError } from "../errors.js";
import { errnoOf, writeError } from "../store/file-error.js";
import { REPORT_FILE, RESULT_FILE, RESULT_SCHEMA } from "./schema.js";
import { ALSO_FILES } from "./view-names.js";

/** What we ourselves put at the top of an output folder; anything else there stops a replacement. */
const OWN_ENTRIES: readonly string[] = [
  RESULT_FILE,
  REPORT_FILE,
  "cells",
  ...Object.values(ALSO_FILES),
];

/**
 * Checks that an output may be written to `folder`, without leaving a trace there.
 *
 * @throws {@link PlanError} `OUTPUT_EXISTS` when it exists and `force` is false, or is not purely an output of ours.
 * @throws {@link HostError} when its parent cannot be made or written to.
 */
export function checkOutputFolder(folder: string, force: boolean): void {
  const path = resolve(folder);
  if (isPresent(path)) {
    if (!force) throw existing(path);
    checkReplaceable(path);
  }
  checkWritable(path);
}

/** Whether anything, a dangling link included, bears this name. @throws {@link HostError} where that cannot be known. */
export function isPresent(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw writeError(error, path);
  }
}

function existing(path: string): PlanError {
  return new PlanError("the output folder exists already", {
    code: "OUTPUT_EXISTS",
    where: path,
    expected: "a folder that does not exist yet",
    found: "an existing one",
    hint: "choose another --out, or add --force to replace an earlier output of mas-audit",
  });
}

function checkReplaceable(path: string): void {
  const found = foreignContent(path);
  if (found === undefined) return;
  throw new PlanError("the output folder holds what mas-audit did not write", {
    code: "OUTPUT_EXISTS",
    where: path,
    expected: `an earlier output of mas-audit (${RESULT_FILE}) with nothing else beside it`,
    found,
    hint: "choose another --out: --force replaces nothing but earlier outputs",
  });
}

/** What speaks against replacing `path`, or undefined when it is an output of ours or empty. */
function foreignContent(path: string): string | undefined {
  if (!statSync(path).isDirectory()) return "a file";
  const entries = readdirSync(path).sort();
  if (entries.length === 0) return undefined;
  const foreign = entries.filter((entry) => !OWN_ENTRIES.includes(entry));
  if (foreign.length > 0) return listNames(foreign);
  return holdsResult(join(path, RESULT_FILE)) ? undefined : `no ${RESULT_FILE} of mas-audit`;
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : "";
  return shown.join(", ") + more;
}

/** Reads only the head of the file, whatever its version: our canonical form puts the schema first. */
function holdsResult(path: string): boolean {
  if (!isPresent(path)) return false;
  const [family] = RESULT_SCHEMA.split("@");
  const head = Buffer.alloc(128);
  const file = openSync(path, "r");
  try {
    const length = readSync(file, head);
    const [, schema] = /^\{\s*"schema":\s*"([^"]*)"/.exec(head.toString("utf8", 0, length)) ?? [];
    return schema?.split("@")[0] === family;
  } finally {
    closeSync(file);
  }
}

/** Makes and removes a folder in the nearest existing parent: permission bits alone do not tell (root, read-only mounts). */
function checkWritable(path: string): void {
  let nearest = dirname(path);
  while (!isPresent(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  const probe = join(nearest, `.mas-audit-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
  } catch (error) {
    throw writeError(error, path);
  }
}
