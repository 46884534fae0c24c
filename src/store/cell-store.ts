/**
 * @file Results of cells by content address. A cell is one JSON file and, where something was learned, one safetensors
 * file; both are whole or absent, and what does not agree with its own digest counts as absent.
 *
 * ```
 * <folder>/run.lock
 * <folder>/plan.json
 * <folder>/cells/<digest>.json
 * <folder>/cells/<digest>.safetensors
 * ```
 *
 * A run keeps its cells in `<out>.partial` until its report is in place: the same command finds them again there, and
 * `kill -9` at any moment leaves nothing but whole cells.
 */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { invariant } from "../errors.js";
import { makeFolder, removeTemporaries, writeFileAtomic } from "./atomic.js";
import {
  canonicalJson,
  digestBytes,
  digestJson,
  isSha256,
  type JsonValue,
  type Sha256,
} from "./digest.js";
import { errnoOf, writeError } from "./file-error.js";
import { readJson } from "./json-document.js";
import { takeLock } from "./lock.js";
import { decodeUtf8, NOTHING, readRegularFile } from "./regular-file.js";

const SCHEMA = "mas-audit/cell@1";
/** Says what the cells of a folder are for. */
const PLAN_FILE = "plan.json";
/** Room for a cell's file; ours have some kilobytes, and subspaces of a few megabytes. */
const LARGEST_BYTES = 1 << 30;

const envelopeSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  /** The cell's address: digest of its inputs. */
  cell: z.string(),
  tensors: z.strictObject({ sha256: z.string(), sizeBytes: z.int().min(0) }).nullable(),
  body: z.unknown(),
  /** Digest of the canonical JSON of all the rest. */
  sha256: z.string(),
});
type Envelope = z.infer<typeof envelopeSchema>;

/** What the store knows about an address. */
type CellLookup<T> =
  | { readonly kind: "found"; readonly body: T; readonly tensors?: Uint8Array }
  | { readonly kind: "absent" }
  /** A file stands there and is not trusted; the cell is computed again. */
  | { readonly kind: "distrusted"; readonly file: string; readonly reason: string };

/** Results of cells in a folder that this process holds alone. */
export interface CellStore {
  readonly folder: string;
  /** Looks up a cell; the body must fit `schema`. */
  get<T>(cell: Sha256, schema: z.ZodType<T>): CellLookup<T>;
  /**
   * Stores a cell, replacing what is there.
   *
   * @throws {@link HostError} where writing fails or the folder was taken by another run.
   */
  put(cell: Sha256, body: JsonValue, tensors?: Uint8Array): void;
  /** Path of a cell's tensors relative to the folder, for `Learning.tensors`. */
  tensorsPath(cell: Sha256): string;
  /** What the folder is kept for, as JSON; undefined where that is not known or not readable. */
  plan(): unknown;
  /** @throws {@link HostError} as `put`. */
  setPlan(plan: JsonValue): void;
  /** How many cells lie there, trusted or not. */
  size(): number;
  /** Removes the cells and the plan. */
  clear(): void;
  /** Lets the folder go; its cells stay for a later run, and where there is none, nothing stays. */
  close(): void;
  /** Removes the cells and lets the folder go: the results are elsewhere by now. */
  discard(): void;
}

/** The working folder of an output folder. */
export function partialFolder(out: string): string {
  return `${out}.partial`;
}

/** Address of a cell: digest of everything that can change its result. */
export function cellDigest(inputs: JsonValue): Sha256 {
  return digestJson(inputs);
}

/**
 * Opens the store of a folder, which is made where it does not exist, and holds it until `close`.
 *
 * @throws {@link PlanError} when another run holds the folder, {@link HostError} when it cannot be written to.
 */
export function openStore(folder: string): CellStore {
  const cells = join(folder, "cells");
  makeFolder(folder);
  const lock = takeLock(folder);
  makeFolder(cells);
  removeTemporaries(folder);
  removeTemporaries(cells);
  const removeContent = (): void => {
    rmSync(cells, { recursive: true, force: true });
    rmSync(join(folder, PLAN_FILE), { force: true });
  };
  const discard = (): void => {
    lock.check();
    removeContent();
    lock.release();
    removeIfEmpty(folder);
  };
  return {
    folder,
    get: (cell, schema) => lookUp(cells, { cell, schema }),
    put: (cell, body, tensors) => {
      lock.check();
      store(cells, { cell, body, tensors });
    },
    tensorsPath: (cell) => `cells/${cell}.safetensors`,
    plan: () => readPlan(join(folder, PLAN_FILE)),
    setPlan: (plan) => {
      lock.check();
      writeFileAtomic(join(folder, PLAN_FILE), textOf(plan));
    },
    size: () => countCells(cells),
    clear: () => {
      lock.check();
      removeContent();
      makeFolder(cells);
    },
    close: () => {
      if (!lock.isHeld()) return;
      if (countCells(cells) > 0) lock.release();
      else discard();
    },
    discard,
  };
}

/** What others have put there stays. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (errnoOf(error) !== "ENOTEMPTY") throw writeError(error, folder);
  }
}

/** A plan that cannot be read says nothing: cells are addressed by their content all the same. */
function readPlan(path: string): unknown {
  const bytes = readIfThere(path);
  const text = typeof bytes === "object" ? decodeUtf8(bytes) : undefined;
  const json = text === undefined ? undefined : readJson(text);
  return json?.kind === "ok" ? json.value : undefined;
}

function countCells(cells: string): number {
  if (!existsSync(cells)) return 0;
  return readdirSync(cells).filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).length;
}

/** The JSON comes last: it is what makes the cell exist, and it names the digest of the tensors. */
function store(
  folder: string,
  { cell, body, tensors }: { cell: Sha256; body: JsonValue; tensors: Uint8Array | undefined },
): void {
  invariant(isSha256(cell), `"${String(cell)}" is not a cell's address`);
  if (tensors !== undefined) writeFileAtomic(tensorsFile(folder, cell), tensors);
  const content = {
    schema: SCHEMA,
    cell,
    tensors:
      tensors === undefined ? null : { sha256: digestBytes(tensors), sizeBytes: tensors.length },
    body,
  };
  writeFileAtomic(jsonFile(folder, cell), textOf({ ...content, sha256: digestJson(content) }));
}

/** A cell's file, byte for byte: whatever else stands on disk was not written here, or not to its end. */
function textOf(envelope: unknown): string {
  return `${canonicalJson(envelope)}\n`;
}

function lookUp<T>(
  folder: string,
  { cell, schema }: { cell: Sha256; schema: z.ZodType<T> },
): CellLookup<T> {
  const file = jsonFile(folder, cell);
  const bytes = readIfThere(file);
  if (bytes === undefined) return { kind: "absent" };
  if (typeof bytes === "string") return { kind: "distrusted", file, reason: `is ${bytes}` };
  const envelope = readEnvelope(bytes, cell);
  if (typeof envelope === "string") return { kind: "distrusted", file, reason: envelope };
  const body = schema.safeParse(envelope.body);
  if (!body.success) return { kind: "distrusted", file, reason: z.prettifyError(body.error) };
  if (envelope.tensors === null) return { kind: "found", body: body.data };
  const tensors = readIfThere(tensorsFile(folder, cell));
  const isWhole = typeof tensors === "object" && digestBytes(tensors) === envelope.tensors.sha256;
  if (!isWhole) {
    const reason =
      tensors === undefined ? "is missing" : "does not have the digest that its cell names";
    return { kind: "distrusted", file: tensorsFile(folder, cell), reason };
  }
  return { kind: "found", body: body.data, tensors };
}

/** The checked envelope, or why it is not trusted. */
function readEnvelope(bytes: Uint8Array, cell: Sha256): Envelope | string {
  const text = decodeUtf8(bytes);
  const json = text === undefined ? undefined : readJson(text);
  if (json?.kind !== "ok") return "is not JSON: half-written or damaged";
  const parsed = json.value;
  if (!isStorable(parsed)) return "was not written by this program";
  const envelope = envelopeSchema.safeParse(parsed);
  if (!envelope.success) return `is not a ${SCHEMA}`;
  const { sha256, ...content } = envelope.data;
  if (textOf(parsed) !== text) return "was not written by this program";
  if (digestJson(content) !== sha256) return "does not have the digest that it names";
  if (content.cell !== cell) return `is the cell ${content.cell.slice(0, 12)}…`;
  return envelope.data;
}

/** JSON texts can hold numbers beyond the doubles (`1e999`), which our canonical form refuses as a fault of ours. */
function isStorable(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isStorable);
}

/** The file's bytes; `undefined` where there is none; in words what else is in its place. */
function readIfThere(path: string): Uint8Array | string | undefined {
  const read = readRegularFile(path, LARGEST_BYTES);
  if (read.kind === "ok") return read.bytes;
  return read.found === NOTHING ? undefined : read.found;
}

function jsonFile(folder: string, cell: Sha256): string {
  return join(folder, `${cell}.json`);
}

function tensorsFile(folder: string, cell: Sha256): string {
  return join(folder, `${cell}.safetensors`);
}
