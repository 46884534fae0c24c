/** @file Rounding of float32 numbers to the two 16-bit types, for tests: the bits, and the number that they stand for. */
import { halfToNumber } from "../../src/onnx/tensor.js";

/** Bits of the nearest bfloat16 (ties to even). */
export function bfloat16Bits(x: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The number of a bfloat16. */
export function bfloat16ToNumber(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}

/** Bits of the nearest float16: the best of all magnitudes, found by halving; finite numbers within its range only. */
export function float16Bits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  let [low, high] = [0, 0x7bff]; // bits of magnitudes are in the order of the magnitudes
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (halfToNumber(middle) <= Math.abs(x)) low = middle;
    else high = middle;
  }
  const isNearer = Math.abs(x) - halfToNumber(low) <= halfToNumber(high) - Math.abs(x);
  return sign | (isNearer ? low : high);
}
