/**
 * @file Copies the weights that a graph points to into one new file, and points the graph there.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  writeSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Graph, Value } from "../onnx/graph.js";
import { removeUnfinished, temporaryName } from "../store/atomic.js";
import { writeError } from "../store/file-error.js";

/** Copied at a time. */
const CHUNK_BYTES = 1 << 24;
/** Tensors start at multiples of a page, so that the runtime can map them as they lie. */
const PAGE_BYTES = 4096;

/**
 * Copies every external tensor of the graph once, in the order of its constants. The file is whole or not there.
 *
 * @throws {@link HostError} when the disk is full or fails, and the signal's reason when it aborts.
 */
export async function copyWeights(
  graph: Graph,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  const temporary = temporaryName(path);
  const weights = graph.initializers.filter(isExternal);
  const places = new Map<Value, number>();
  try {
    const out = openSync(temporary, "wx");
    try {
      let at = 0;
      for (const value of weights) {
        places.set(value, at);
        at = await append(out, value, { at, signal });
      }
      fsyncSync(out);
    } finally {
      closeSync(out);
    }
    renameSync(temporary, path);
  } catch (error) {
    removeUnfinished(temporary);
    signal.throwIfAborted();
    throw writeError(error, path);
  }
  const file = realpathSync(path);
  for (const [value, offset] of places) {
    const tensor = value.initializer;
    if (tensor?.data.kind === "external")
      value.initializer = { ...tensor, data: { ...tensor.data, file, offset } };
  }
}

function isExternal({ initializer }: Value): boolean {
  return initializer?.data.kind === "external";
}

/** Writes one tensor at `at` and returns where the next one starts. */
async function append(
  out: number,
  { initializer }: Value,
  { at, signal }: { readonly at: number; readonly signal: AbortSignal },
): Promise<number> {
  if (initializer?.data.kind !== "external") return at;
  const { file, offset, length } = initializer.data;
  const from = openSync(file, "r");
  const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, length));
  try {
    for (let done = 0; done < length;) {
      signal.throwIfAborted();
      const n = readSync(from, buffer, 0, Math.min(CHUNK_BYTES, length - done), offset + done);
      if (n === 0) throw new Error(`"${file}" was cut off while it was read`);
      for (let put = 0; put < n;) put += writeSync(out, buffer, put, n - put, at + done + put);
      done += n;
      await setImmediate(); // lets an interrupt through
    }
  } finally {
    closeSync(from);
  }
  return Math.ceil((at + length) / PAGE_BYTES) * PAGE_BYTES;
}
