/**
 * @file Residual states of one layer on disk: one ragged matrix, tokens of all items in a row, float32.
 * On disk because 1000 chat prompts × 9 layers × width 1536 do not fit in memory, and read per batch because the
 * operating system keeps hot pages anyway. A working file of one run: never trusted by a later one.
 */
import { closeSync, readSync } from "node:fs";
import { invariant, present } from "../errors.js";
import { openWorkingFile, writeWhole } from "./working-file.js";

const FLOAT_BYTES = 4;

/** States of one layer: item i has `[length_i, dModel]`. */
export class StateFile {
  readonly #file: number;
  readonly #starts: Float64Array;

  constructor(
    readonly path: string,
    readonly lengths: readonly number[],
    readonly dModel: number,
  ) {
    this.#file = openWorkingFile(path);
    this.#starts = new Float64Array(lengths.length + 1);
    lengths.forEach((length, i) => {
      this.#starts[i + 1] = (this.#starts[i] ?? 0) + length;
    });
  }

  /** Stores an item. `states`: `[length, dModel]`. @throws {@link HostError} when the disk refuses. */
  write(item: number, states: Float32Array): void {
    invariant(states.length === this.#length(item) * this.dModel, `states of item ${item}`);
    const bytes = Buffer.from(states.buffer, states.byteOffset, states.byteLength);
    writeWhole(this.#file, bytes, { position: this.#offset(item, 0), path: this.path });
  }

  /** Copies all tokens of an item to `into[at…]`. */
  read(item: number, into: Float32Array, at: number): void {
    this.#copy(this.#offset(item, 0), into.subarray(at, at + this.#length(item) * this.dModel));
  }

  /** Copies one token's state to `into[at…]`. */
  readToken(
    item: number,
    { token, into, at }: { token: number; into: Float32Array; at: number },
  ): void {
    invariant(token >= 0 && token < this.#length(item), `token ${token} of item ${item}`);
    this.#copy(this.#offset(item, token), into.subarray(at, at + this.dModel));
  }

  /** Copies the states of `count` tokens from `token` on to `into[at…]`. */
  readTokens(
    item: number,
    { token, count, into, at }: { token: number; count: number; into: Float32Array; at: number },
  ): void {
    invariant(
      token >= 0 && token + count <= this.#length(item),
      `tokens ${token} to ${token + count} of item ${item}`,
    );
    this.#copy(this.#offset(item, token), into.subarray(at, at + count * this.dModel));
  }

  close(): void {
    closeSync(this.#file);
  }

  #copy(position: number, into: Float32Array): void {
    const bytes = Buffer.from(into.buffer, into.byteOffset, into.byteLength);
    const n = readSync(this.#file, bytes, 0, bytes.length, position);
    invariant(n === bytes.length, `read ${n} of ${bytes.length} bytes of "${this.path}"`);
  }

  #length(item: number): number {
    return present(this.lengths[item], `item ${item}`);
  }

  #offset(item: number, token: number): number {
    return (present(this.#starts[item], `item ${item}`) + token) * this.dModel * FLOAT_BYTES;
  }
}
