/**
 * @file Feeds that a run reads from a working file itself: described in plain data, read by the thread that computes.
 * Keys and values of a batch are tens of megabytes; moved between threads, they would be counted as new memory by the
 * garbage collector of each, run after run.
 */
import { readSync, readvSync } from "node:fs";
import { invariant, present } from "../errors.js";
import type { Loan } from "./buffer-pool.js";
import { tensor, type RuntimeTensor } from "./tensor.js";

/** Feeds that stand in a file, float32. */
export interface StoredFeeds {
  /** Descriptor: of the process, so that every thread may read it. */
  readonly file: number;
  /** Named in errors. */
  readonly path: string;
  /** In the order in which they follow each other in a row's block. */
  readonly feeds: readonly StoredFeed[];
  /** Blocks of the file, in the order of the batch. */
  readonly rows: readonly StoredRow[];
  /** Length of the token axis of every feed. */
  readonly width: number;
}

/** One feed, `[batch, outer, width, inner]` when its axes are joined around the tokens. */
export interface StoredFeed {
  readonly name: string;
  readonly dims: readonly number[];
  readonly outer: number;
  readonly inner: number;
}

/** A row's block: for each feed `[outer, length, inner]`. */
export interface StoredRow {
  /** Where the first of the feeds starts, bytes. */
  readonly position: number;
  /** Tokens that are stored. */
  readonly length: number;
  /** Tokens that are wanted, from the first on; the rest of the axis holds any finite numbers. */
  readonly tokens: number;
}

/** Reads them. @throws {@link InvariantError} when the file is shorter than its rows say. */
export function readStored(
  stored: StoredFeeds,
  array: Loan["array"],
): Record<string, RuntimeTensor> {
  const { feeds, rows, width } = stored;
  const arrays = feeds.map(({ outer, inner }) => array(rows.length * outer * width * inner));
  rows.forEach(({ length, tokens }, row) => {
    const isWhole = length === width && tokens === width;
    (isWhole ? readWhole : readPart)(stored, { arrays, row });
  });
  return Object.fromEntries(
    feeds.map(({ name, dims }, i) => [name, tensor("float32", dims, present(arrays[i], name))]),
  );
}

interface Place {
  /** One per feed. */
  readonly arrays: readonly Float32Array[];
  readonly row: number;
}

/** A row whose block has the shape of its place in each feed: it is read right there. */
function readWhole(stored: StoredFeeds, { arrays, row }: Place): void {
  const places = stored.feeds.map(({ outer, inner }, i) => {
    const floats = outer * stored.width * inner;
    return present(arrays[i], "array").subarray(row * floats, (row + 1) * floats);
  });
  checkRead(stored, row, readvSync(stored.file, places, present(stored.rows[row], "row").position));
}

let block = new Float32Array(0); // kept from row to row

/** A row of which some tokens are wanted, or beside longer ones. */
function readPart(stored: StoredFeeds, { arrays, row }: Place): void {
  const { file, feeds, width } = stored;
  const { position, length, tokens } = present(stored.rows[row], "row");
  const floats = floatsOf(stored, row);
  if (block.length < floats) block = new Float32Array(floats);
  const bytes = Buffer.from(block.buffer, 0, floats * Float32Array.BYTES_PER_ELEMENT);
  checkRead(stored, row, readSync(file, bytes, 0, bytes.length, position));
  let at = 0;
  feeds.forEach(({ outer, inner }, i) => {
    const into = present(arrays[i], "array");
    const real = tokens * inner;
    for (let o = 0; o < outer; o++, at += length * inner) {
      into.set(block.subarray(at, at + real), (row * outer + o) * width * inner);
    }
  });
}

function floatsOf({ feeds, rows }: StoredFeeds, row: number): number {
  const perToken = feeds.reduce((sum, { outer, inner }) => sum + outer * inner, 0);
  return perToken * present(rows[row], "row").length;
}

function checkRead(stored: StoredFeeds, row: number, bytes: number): void {
  const expected = floatsOf(stored, row) * Float32Array.BYTES_PER_ELEMENT;
  invariant(bytes === expected, `read ${bytes} of ${expected} bytes of "${stored.path}"`);
}
