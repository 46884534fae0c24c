/**
 * @file The binomial distribution in double precision: probabilities and both tails, each with relative accuracy.
 * Nothing else of it is needed here.
 */
import { invariant } from "../errors.js";

/** Trials and the chance of each, 0 to 1. */
export interface Binomial {
  readonly n: number;
  readonly p: number;
}

// below this the error of Stirling's formula comes from exact factorials, from it on five terms leave 1e-18
const STIRLING_FROM = 16;

/** What Stirling's formula leaves out of log n!: log n! − ½·log(2πn) − n·log n + n. */
function stirlingError(n: number): number {
  if (n < STIRLING_FROM) {
    let factorial = 1;
    for (let i = 2; i <= n; i++) factorial *= i;
    return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - Math.log(Math.sqrt(2 * Math.PI));
  }
  const square = n * n;
  const inner = 1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square;
  return (1 / 12 - (1 / 360 - inner / square) / square) / n;
}

/** x·log(x/mean) + mean − x, without the cancellation of its terms where x is near the mean. */
function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  // with v = (x − mean)/(x + mean): log(x/mean) = 2·(v + v³/3 + v⁵/5 + …)
  const v = (x - mean) / (x + mean);
  let term = 2 * x * v;
  let sum = (x - mean) * v;
  for (let odd = 3; ; odd += 2) {
    term *= v * v;
    const next = sum + term / odd;
    if (next === sum) return sum;
    sum = next;
  }
}

function check({ n, p }: Binomial): void {
  const isBinomial = Number.isInteger(n) && n >= 0 && p >= 0 && p <= 1;
  invariant(isBinomial, `binomial of ${n} trials with chance ${p}`);
}

/** Chance of exactly `k` successes; 0 outside 0 … n. */
function mass(k: number, { n, p }: Binomial): number {
  if (k < 0 || k > n) return 0;
  if (p === 0) return k === 0 ? 1 : 0;
  if (p === 1) return k === n ? 1 : 0;
  if (k === 0) return Math.exp(n * Math.log1p(-p));
  if (k === n) return Math.exp(n * Math.log(p));
  const rest = n - k;
  const log =
    stirlingError(n) -
    stirlingError(k) -
    stirlingError(rest) -
    deviance(k, n * p) -
    deviance(rest, n * (1 - p));
  return Math.exp(log) * Math.sqrt(n / (2 * Math.PI * k * rest));
}

/**
 * Chance of exactly `k` successes, with relative accuracy (1e-12 up to 100,000 trials).
 *
 * Source: Loader, C. (2000), "Fast and accurate computation of binomial probabilities".
 *
 * @throws {@link InvariantError} unless n is a whole number and p is 0 to 1.
 */
export function binomialMass(k: number, law: Binomial): number {
  check(law);
  return mass(k, law);
}

/** Sums masses from `k` upwards, where each is smaller than the one before. */
function sumUpwards(k: number, law: Binomial): number {
  const { n, p } = law;
  let term = mass(k, law);
  let sum = term;
  for (let i = k; i < n && term > sum * Number.EPSILON; i++) {
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
    sum += term;
  }
  return sum;
}

/**
 * Chance of `k` or more successes. The smaller of the two tails is summed, so small ones keep their relative accuracy.
 *
 * @throws {@link InvariantError} unless n is a whole number and p is 0 to 1.
 */
export function upperTail(k: number, { n, p }: Binomial): number {
  check({ n, p });
  if (k <= 0) return 1;
  if (k > n || p === 0) return 0;
  if (p === 1) return 1;
  // (n + 1)·p is the mode: from there on masses fall; below it the other tail is summed, as misses of 1 − p
  if (k >= (n + 1) * p) return Math.min(1, sumUpwards(k, { n, p }));
  return Math.max(0, 1 - sumUpwards(n - k + 1, { n, p: 1 - p }));
}

/**
 * Chance of `k` or fewer successes; accurate as {@link upperTail}.
 *
 * @throws {@link InvariantError} unless n is a whole number and p is 0 to 1.
 */
export function lowerTail(k: number, { n, p }: Binomial): number {
  return upperTail(n - k, { n, p: 1 - p });
}
