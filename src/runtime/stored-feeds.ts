/**
 * @file Feeds that a run reads from a working file itself: described in plain data, read by the thread that computes.
 * Keys and values of a batch are tens of megabytes; moved between threads, they would be counted as new memory by the
 * garbage collector of each, run after run.
 */
import { readSync } from "node:fs";
import { invariant } from "../errors.js";
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

let block = new Float32Array(0); // kept from row to row

/** Reads them. @throws {@link InvariantError} when the file is shorter than its rows say. */
export function readStored(
  { file, path, feeds, rows, width }: StoredFeeds,
  array: Loan["array"],
): Record<string, RuntimeTensor> {
  const arrays = feeds.map(({ outer, inner }) => array(rows.length * outer * width * inner));
  const perToken = feeds.reduce((sum, { outer, inner }) => sum + outer * inner, 0);
  rows.forEach(({ position, length, tokens }, row) => {
    const floats = perToken * length;
    if (block.length < floats) block = new Float32Array(floats);
    const bytes = Buffer.from(block.buffer, 0, floats * Float32Array.BYTES_PER_ELEMENT);
    const n = readSync(file, bytes, 0, bytes.length, position);
    invariant(n === bytes.length, `read ${n} of ${bytes.length} bytes of "${path}"`);
    let at = 0;
    feeds.forEach(({ outer, inner }, i) => {
      const into = arrays[i] as Float32Array; // one per feed
      const real = tokens * inner;
      for (let o = 0; o < outer; o++, at += length * inner) {
        into.set(block.subarray(at, at + real), (row * outer + o) * width * inner);
      }
    });
  });
  return Object.fromEntries(
    feeds.map(({ name, dims }, i) => [name, tensor("float32", dims, arrays[i] as Float32Array)]),
  );
}
