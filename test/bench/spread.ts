/** @file Median and quartiles of repeats, and how they are printed. */
import { quantileR7 } from "../../src/numeric/quantile.js";

/** Repeats of one figure. */
export interface Spread {
  readonly median: number;
  /** Quartiles. */
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/** Median and quartiles of at least one repeat. */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantileR7(values, 0.5),
    low: quantileR7(values, 0.25),
    high: quantileR7(values, 0.75),
    n: values.length,
  };
}

/** `12.3 (11.9 to 12.8)`, three significant digits. */
export function spell({ median, low, high }: Spread): string {
  return `${digits(median)} (${digits(low)} to ${digits(high)})`;
}

/** Three significant digits without an exponent. */
export function digits(x: number): string {
  return Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3);
}

/** Milliseconds by the clock, and of all processors together: what is left to compare by on a busy machine. */
export interface Times {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Result and times of some work. */
export async function timed<T>(work: () => T | Promise<T>): Promise<Times & { readonly value: T }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { value, ms, cpuMs: (user + system) / 1e3 };
}
