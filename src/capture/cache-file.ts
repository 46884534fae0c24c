/**
 * @file Keys and values of all prompts on disk, float32. An item's block holds its cuts from the bottom of the model to
 * the top, each `[outer, token, inner]`, so that what a suffix needs, the topmost cuts, is one piece of the file. Those of
 * the last token are left out: nothing comes after it.
 * A working file of one run: never trusted by a later one.
 */
import { closeSync } from "node:fs";
import { invariant, present } from "../errors.js";
import type { CutShape } from "../models/window/cuts.js";
import { cacheName } from "../models/window/window.js";
import type { StoredFeeds } from "../runtime/stored-feeds.js";
import { openWorkingFile, writeWhole } from "./working-file.js";

const FLOAT_BYTES = 4;

interface Cut {
  readonly outer: number;
  readonly inner: number;
}

/** Keys and values of one audit in one model. */
export class CacheFile {
  readonly #file: number;
  readonly #cuts: readonly Cut[];
  /** Tokens that are stored of each item. */
  readonly #lengths: readonly number[];
  readonly #starts: Float64Array;

  /** `lengths`: tokens of each item. */
  constructor(
    readonly path: string,
    lengths: readonly number[],
    readonly shapes: readonly CutShape[],
  ) {
    this.#lengths = lengths.map((length) => length - 1);
    this.#file = openWorkingFile(path);
    this.#cuts = shapes.map(({ tokenAxis, sizes }) => ({
      outer: product(sizes.slice(0, tokenAxis - 1)),
      inner: product(sizes.slice(tokenAxis)),
    }));
    this.#starts = new Float64Array(lengths.length + 1);
    this.#lengths.forEach((length, i) => {
      this.#starts[i + 1] = (this.#starts[i] ?? 0) + length * this.#floats(0);
    });
  }

  /**
   * Stores one item from the outputs of a batch: `caches[cut]` `[row, outer, width, inner]`.
   *
   * @throws {@link HostError} when the disk refuses.
   */
  write(
    item: number,
    { row, width, caches }: { row: number; width: number; caches: readonly Float32Array[] },
  ): void {
    const length = this.#length(item);
    const block = new Float32Array(length * this.#floats(0));
    let at = 0;
    this.#cuts.forEach(({ outer, inner }, cut) => {
      const from = present(caches[cut], `cache ${cut}`);
      for (let o = 0; o < outer; o++, at += length * inner) {
        const start = (row * outer + o) * width * inner;
        block.set(from.subarray(start, start + length * inner), at);
      }
    });
    const position = this.#offset(item);
    writeWhole(this.#file, Buffer.from(block.buffer), { position, path: this.path });
  }

  /**
   * Where the topmost `count` cuts of a batch stand, up to each row's patch position: `past[r]` tokens of row r are real,
   * and the axis is as long as the longest. A run reads them itself.
   */
  stored(items: readonly number[], past: readonly number[], count: number): StoredFeeds {
    const first = this.#cuts.length - count;
    invariant(first >= 0, `${count} of ${this.#cuts.length} cuts`);
    const width = Math.max(1, ...past);
    const below = this.#floats(0) - this.#floats(first);
    const rows = items.map((item, row) => {
      const length = this.#length(item);
      const tokens = present(past[row], "position");
      invariant(tokens <= length, `${tokens} tokens before one of ${length + 1}`);
      return { position: this.#offset(item) + below * length * FLOAT_BYTES, length, tokens };
    });
    const feeds = this.#cuts.slice(first).map((cut, i) => {
      const { tokenAxis, sizes } = present(this.shapes[first + i], "shape");
      const dims = sizes.map((size, axis) => (axis + 1 === tokenAxis ? width : size));
      return { name: cacheName(count - 1 - i), dims: [items.length, ...dims], ...cut };
    });
    return { file: this.#file, path: this.path, feeds, rows, width };
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Numbers per token of the cuts from `first` on. */
  #floats(first: number): number {
    return this.#cuts.slice(first).reduce((sum, { outer, inner }) => sum + outer * inner, 0);
  }

  #length(item: number): number {
    return present(this.#lengths[item], `item ${item}`);
  }

  #offset(item: number): number {
    return present(this.#starts[item], `item ${item}`) * FLOAT_BYTES;
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
