/**
 * @file The standard normal distribution: quantile and lower tail, in double precision.
 * Nothing else of it is needed here; wider distributions stay oracles of the tests.
 */
import { invariant } from "../errors.js";

/** Coefficients of a polynomial, highest power first. */
type Polynomial = readonly number[];

function evaluate(polynomial: Polynomial, x: number): number {
  return polynomial.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

interface Rational {
  readonly numerator: Polynomial;
  readonly denominator: Polynomial;
}

function evaluateRational({ numerator, denominator }: Rational, x: number): number {
  return evaluate(numerator, x) / evaluate(denominator, x);
}

// Wichura 1988, algorithm AS 241 (PPND16): relative error about 1e-16.
const CENTRAL: Rational = {
  numerator: [
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
  ],
  denominator: [
    5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1,
  ],
};
const SHOULDER: Rational = {
  numerator: [
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
    1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
    1.42343711074968357734,
  ],
  denominator: [
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
    0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187,
    1,
  ],
};
const FAR_TAIL: Rational = {
  numerator: [
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
    0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699,
    6.6579046435011037772,
  ],
  denominator: [
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
    7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
    0.59983220655588793769, 1,
  ],
};

/**
 * Finds the z below which a standard normal falls with probability `p`, 0 < p < 1.
 *
 * Source: Wichura, M. J. (1988), "Algorithm AS 241: the percentage points of the normal distribution", PPND16.
 *
 * @throws {@link InvariantError} unless 0 < p < 1.
 */
export function normalQuantile(p: number): number {
  invariant(p > 0 && p < 1, `normalQuantile(${p}): expected 0 < p < 1`);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * evaluateRational(CENTRAL, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const z = r <= 5 ? evaluateRational(SHOULDER, r - 1.6) : evaluateRational(FAR_TAIL, r - 5);
  return Math.sign(q) * z;
}

// 60 terms leave exp(−2·3·√120) = 3e-29 of the tail at |z| = 3, less beyond.
const TAIL_TERMS = 60;
const TAIL_FROM = 3;

/** Density of a standard normal at `z`. */
function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Lower tail at −size by Laplace's continued fraction φ/(x + 1/(x + 2/(x + …))): keeps its relative accuracy. */
function tailByFraction(size: number): number {
  let below = size;
  for (let term = TAIL_TERMS; term >= 1; term--) below = size + term / below;
  return density(size) / below;
}

/** Area between 0 and z by the series φ·(z + z³/3 + z⁵/(3·5) + …): all terms of one sign, no cancellation. */
function areaBySeries(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; Math.abs(term) > Math.abs(sum) * Number.EPSILON; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return density(z) * sum;
}

/**
 * Probability that a standard normal falls below `z`, with relative accuracy in the lower tail.
 *
 * Source: series and continued fraction as in Abramowitz & Stegun 26.2.11 and 26.2.14.
 * Below about −38 the answer is 0, as it is in double precision.
 *
 * @throws {@link InvariantError} when z is NaN.
 */
export function normalCdf(z: number): number {
  invariant(!Number.isNaN(z), "normalCdf(NaN)");
  const size = Math.abs(z);
  if (size < TAIL_FROM) return 0.5 + areaBySeries(z);
  const lower = tailByFraction(size);
  return z < 0 ? lower : 1 - lower;
}
