/**
 * @file Memory that runs use again and again: fresh memory costs more (the system clears it page by page) than the
 * numbers that are copied into it.
 */

/** Float32 arrays of any length over buffers that come back. */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];

  /** A loan of arrays that one run reads. They hold whatever finite numbers were left in them, not zeros. */
  lend(): Loan {
    const buffers: ArrayBuffer[] = [];
    return {
      array: (length) => {
        const buffer = this.#take(length * Float32Array.BYTES_PER_ELEMENT);
        buffers.push(buffer);
        return new Float32Array(buffer, 0, length);
      },
      giveBack: () => {
        this.#free.push(...buffers.splice(0));
      },
    };
  }

  #take(bytes: number): ArrayBuffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    if (found !== undefined) return found;
    this.#free.shift(); // too small for what is asked now: the pool holds no more buffers than were ever out at once
    return new ArrayBuffer(bytes);
  }
}

/** Arrays that are lent together. */
export interface Loan {
  /** An array of `length` finite numbers of no meaning. */
  readonly array: (length: number) => Float32Array;
  /** Ends the loan: whoever asks next may write into its arrays. */
  readonly giveBack: () => void;
}
