/**
 * @file The inner loops of all dense algebra: element access, dot, axpy and sums on row-major typed arrays.
 *
 * Indices are in range by construction in every caller; that promise is made here, once, instead of a check per
 * element. One accessor per array type, so that each stays monomorphic and is inlined. The loops here and in
 * `kernels.ts` read in place all the same: with the accessor the compiler of Node 20 may leave running sums in memory
 * (in about two of three processes, at five times the cost).
 */
import { NumericsError } from "../errors.js";

/** Element `i` of a float64 array; `i` must be in range. */
export function f64(values: Float64Array, i: number): number {
  return values[i] as number; // in range by contract: see the file header
}

/** Element `i` of a float32 array; `i` must be in range. */
export function f32(values: Float32Array, i: number): number {
  return values[i] as number; // in range by contract
}

/** Element `i` of an int32 array; `i` must be in range. */
export function i32(values: Int32Array, i: number): number {
  return values[i] as number; // in range by contract
}

/** A run of `length` elements of `data` that starts at `offset`. */
export interface Run {
  readonly data: Float64Array;
  readonly offset: number;
}

/** Inner product of two runs of `n` elements, in four running sums (faster, and a little more exact, than one). */
export function dot(a: Run, b: Run, n: number): number {
  const x = a.data;
  const y = b.data;
  let i = a.offset;
  let j = b.offset;
  const end4 = a.offset + (n & ~3);
  const end = a.offset + n;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (; i < end4; i += 4, j += 4) {
    s0 += (x[i] as number) * (y[j] as number);
    s1 += (x[i + 1] as number) * (y[j + 1] as number);
    s2 += (x[i + 2] as number) * (y[j + 2] as number);
    s3 += (x[i + 3] as number) * (y[j + 3] as number);
  }
  for (; i < end; i++, j++) s0 += (x[i] as number) * (y[j] as number);
  return s0 + s1 + (s2 + s3);
}

/** `y += alpha · x` over `n` elements, in place. */
export function axpy(alpha: number, x: Run, { y, n }: { y: Run; n: number }): void {
  const from = x.data;
  const into = y.data;
  let i = x.offset;
  let j = y.offset;
  const end4 = x.offset + (n & ~3);
  const end = x.offset + n;
  for (; i < end4; i += 4, j += 4) {
    into[j] = (into[j] as number) + alpha * (from[i] as number);
    into[j + 1] = (into[j + 1] as number) + alpha * (from[i + 1] as number);
    into[j + 2] = (into[j + 2] as number) + alpha * (from[i + 2] as number);
    into[j + 3] = (into[j + 3] as number) + alpha * (from[i + 3] as number);
  }
  for (; i < end; i++, j++) into[j] = (into[j] as number) + alpha * (from[i] as number);
}

/** `x *= alpha` over `n` elements, in place. */
export function scale(alpha: number, x: Run, n: number): void {
  const end = x.offset + n;
  for (let i = x.offset; i < end; i++) x.data[i] = alpha * (x.data[i] as number);
}

/** Compensated sum (Neumaier 1974): the error does not grow with the number of terms. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}

/**
 * Returns `values` when every element is finite.
 *
 * @throws {@link NumericsError} naming `what` and the first offending index.
 */
export function assertFinite<T extends Float64Array | Float32Array>(values: T, what: string): T {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new NumericsError(`${what} holds ${values[i] ?? "nothing"} at index ${i}`, {
        code: "NOT_FINITE",
        where: what,
        expected: "finite numbers",
        found: String(values[i]),
        hint: "look for NaN or overflow in the model's own outputs, for example with `mas-audit gradcheck`",
      });
    }
  }
  return values;
}

/** The elements of all parts, one after the other, in an array that `room` makes. */
export function joined<T extends Float32Array | Float64Array | Int32Array>(
  parts: readonly T[],
  room: (length: number) => T,
): T {
  const out = room(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
