/**
 * @file Reads a stored tensor as numbers, a strip of rows at a time, whichever way round it is stored: only a strip is ever
 * in memory.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { HostError, invariant, present } from "../../errors.js";
import { DTYPES, elementCount, halfToNumber, type DType, type Tensor } from "../../onnx/tensor.js";

/** Bytes of one strip. */
const STRIP_BYTES = 1 << 25;

/** A tensor as a matrix `[rows, columns]` in the order wanted; tensors of other ranks are one row. */
export interface MatrixView {
  readonly rows: number;
  readonly columns: number;
  /** Rows that one strip holds. */
  readonly stripRows: number;
  /** Rows `first` to `first + count`, row-major. */
  read(first: number, count: number): Numbers;
  close(): void;
}

/** Numbers of a strip. */
export type Numbers = Float32Array | Float64Array;

// typed arrays have the byte order of the machine; every machine that the runtime supports is little-endian, as the files are
const DECODERS: { readonly [D in DType]?: (bytes: ArrayBuffer) => Numbers } = {
  float32: (bytes) => new Float32Array(bytes),
  float64: (bytes) => new Float64Array(bytes),
  float16: (bytes) => Float32Array.from(new Uint16Array(bytes), (bits) => HALVES[bits] ?? NaN),
  bfloat16: (bytes) => {
    // a bfloat16 is the upper half of a float32
    const words = Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16);
    return new Float32Array(words.buffer);
  },
};

/** All halves: decoding by a table is ten times faster. */
const HALVES = Float32Array.from({ length: 1 << 16 }, (_, bits) => halfToNumber(bits));

/** Can the tensor be read as numbers? */
export function isReadable({ dtype }: Tensor): boolean {
  return DECODERS[dtype] !== undefined;
}

/** Opens a tensor; `transposed` reads the columns of the stored matrix as rows. @throws {@link HostError} when the file cannot be opened. */
export function openMatrix(tensor: Tensor, transposed: boolean): MatrixView {
  const { dtype, dims, data } = tensor;
  const decode = present(DECODERS[dtype], `a decoder of ${dtype}`);
  const bytesEach = DTYPES[dtype].bits / 8;
  const [height, width] =
    dims.length === 2 ? [dims[0] ?? 0, dims[1] ?? 0] : [1, elementCount(dims)];
  invariant(!transposed || dims.length === 2, "only matrices are transposed");
  const source = data.kind === "inline" ? memory(data.bytes) : opened(data.file, data.offset);
  const [rows, columns] = transposed ? [width, height] : [height, width];
  return {
    rows,
    columns,
    stripRows: Math.max(1, Math.floor(STRIP_BYTES / Math.max(1, 8 * columns))),
    read(first, count) {
      if (!transposed)
        return decode(source.read(first * columns * bytesEach, count * columns * bytesEach));
      const numbers = new (dtype === "float64" ? Float64Array : Float32Array)(count * columns);
      for (let row = 0; row < height; row++) {
        const part = decode(source.read((row * width + first) * bytesEach, count * bytesEach));
        for (let i = 0; i < count; i++) numbers[i * columns + row] = part[i] ?? NaN;
      }
      return numbers;
    },
    close: () => {
      source.close();
    },
  };
}

interface Source {
  read(at: number, length: number): ArrayBuffer;
  close(): void;
}

function memory(bytes: Uint8Array): Source {
  return {
    // a copy, so that it is aligned
    read: (at, length) => new Uint8Array(bytes.subarray(at, at + length)).buffer,
    close: () => undefined,
  };
}

function opened(path: string, offset: number): Source {
  const file = open(path);
  return {
    read(at, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const n = readSync(file, bytes, done, length - done, offset + at + done);
        if (n === 0) throw unreadable(path, "the file ends before the tensor does");
        done += n;
      }
      return bytes.buffer;
    },
    close: () => {
      closeSync(file);
    },
  };
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw unreadable(path, String(cause), cause);
  }
}

function unreadable(where: string, found: string, cause?: unknown): HostError {
  return new HostError("weights cannot be read", {
    code: "READ",
    where,
    expected: "a file that stays as it is while it is read",
    found,
    hint: "wait until nothing writes to the file, and run the same command again",
    cause,
  });
}
