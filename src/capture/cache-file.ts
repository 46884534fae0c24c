/**
 * @file Keys and values of all prompts on disk, float32. An item's block holds its cuts from the bottom of the model to
 * the top, each `[outer, token, inner]`, so that what a suffix needs, the topmost cuts, is one piece of the file.
 * A working file of one run: never trusted by a later one.
 */
import { closeSync, readSync } from "node:fs";
import { invariant, present } from "../errors.js";
import type { CutShape } from "../models/window/cuts.js";
import { openWorkingFile, writeWhole } from "./working-file.js";

const FLOAT_BYTES = 4;

/** Past keys and values of a batch, one cut. */
export interface PastKeys {
  /** `[batch, …]` with `past` on the token axis. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Which cuts are read, and into what. */
export interface CutReading {
  /** How many, from the top of the model. */
  readonly count: number;
  /** Makes an array of finite numbers. @defaultValue zeros */
  readonly array?: (length: number) => Float32Array;
}

interface Cut {
  readonly outer: number;
  readonly inner: number;
}

/** Keys and values of one audit in one model. */
export class CacheFile {
  readonly #file: number;
  readonly #cuts: readonly Cut[];
  readonly #starts: Float64Array;
  #block = new Float32Array(0); // kept from read to read

  constructor(
    readonly path: string,
    readonly lengths: readonly number[],
    readonly shapes: readonly CutShape[],
  ) {
    this.#file = openWorkingFile(path);
    this.#cuts = shapes.map(({ tokenAxis, sizes }) => ({
      outer: product(sizes.slice(0, tokenAxis - 1)),
      inner: product(sizes.slice(tokenAxis)),
    }));
    this.#starts = new Float64Array(lengths.length + 1);
    lengths.forEach((length, i) => {
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
   * Reads the topmost `count` cuts of a batch up to each row's patch position. `past[r]` tokens of row r are real; the
   * axis is as long as the longest, and what stands behind the real tokens is what `array` gives.
   */
  read(
    items: readonly number[],
    past: readonly number[],
    { count, array = (length) => new Float32Array(length) }: CutReading,
  ): PastKeys[] {
    const first = this.#cuts.length - count;
    invariant(first >= 0, `${count} of ${this.#cuts.length} cuts`);
    const width = Math.max(1, ...past);
    const cuts = this.#cuts.slice(first);
    const arrays = cuts.map(({ outer, inner }) => array(items.length * outer * width * inner));
    const below = this.#floats(0) - this.#floats(first);
    items.forEach((item, row) => {
      const length = this.#length(item);
      const block = this.#readBlock(item, {
        from: below * length,
        floats: this.#floats(first) * length,
      });
      const tokens = present(past[row], "position");
      let at = 0;
      cuts.forEach(({ outer, inner }, cut) => {
        const into = present(arrays[cut], "array");
        const real = tokens * inner;
        for (let o = 0; o < outer; o++, at += length * inner) {
          into.set(block.subarray(at, at + real), (row * outer + o) * width * inner);
        }
      });
    });
    return arrays.map((data, cut) => {
      const { tokenAxis, sizes } = present(this.shapes[first + cut], "shape");
      const dims = sizes.map((size, i) => (i + 1 === tokenAxis ? width : size));
      return { dims: [items.length, ...dims], data };
    });
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Numbers per token of the cuts from `first` on. */
  #floats(first: number): number {
    return this.#cuts.slice(first).reduce((sum, { outer, inner }) => sum + outer * inner, 0);
  }

  #readBlock(item: number, { from, floats }: { from: number; floats: number }): Float32Array {
    if (this.#block.length < floats) this.#block = new Float32Array(floats);
    const block = this.#block.subarray(0, floats);
    const bytes = Buffer.from(block.buffer, 0, block.byteLength);
    const n = readSync(this.#file, bytes, 0, bytes.length, this.#offset(item) + from * FLOAT_BYTES);
    invariant(n === bytes.length, `read ${n} of ${bytes.length} bytes of "${this.path}"`);
    return block;
  }

  #length(item: number): number {
    return present(this.lengths[item], `item ${item}`);
  }

  #offset(item: number): number {
    return present(this.#starts[item], `item ${item}`) * FLOAT_BYTES;
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
