/**
 * @file Memory that is used again call after call. A step of learning works through megabytes of intermediate rows; made
 * anew each time, they keep the garbage collector busy (V8's helper threads took 164 of 1,830 processor seconds of an audit).
 */
import { matrix, type Matrix } from "./matrix.js";

/** The memory of one function that does not wait and does not call itself. */
export class Room {
  #numbers = new Float64Array(0);

  /** A `[rows, cols]` matrix of whatever numbers the last use left; it lasts until the next one. */
  matrix(rows: number, cols: number): Matrix {
    const size = rows * cols;
    if (this.#numbers.length < size) this.#numbers = new Float64Array(size);
    return matrix(rows, cols, this.#numbers.subarray(0, size));
  }
}
