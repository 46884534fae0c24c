/**
 * @file The two loops that all dense products run in, blocked by hand: JavaScript has no vector instructions, and what
 * a product costs is then how often an element is fetched from memory. Both add to what stands in `into`.
 *
 * Each element of a product is summed in one and the same order, whatever block it falls into. So a row gives the same
 * bits alone, in a batch, and at its edge: the interchange of a state with itself is exactly nothing because of it.
 *
 * The two blocks read elements in place and not by `f64`: in two of three runs of Node 20 the compiler then leaves
 * the sums in memory, at five times the cost. Indices are in range by construction.
 */
import { f64 } from "./vector.js";

/** Operands of a product, row-major, and its sizes. */
export interface Product {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly into: Float64Array;
  /** Rows of a and of `into`. */
  readonly m: number;
  /** Terms of each sum. */
  readonly n: number;
  /** Columns of `into`. */
  readonly p: number;
}

/** Most columns of one pass: 8 rows of them stay in the first two caches. */
const PASS = 768;

/** `into += a b`: `[m, n] [n, p]` → `[m, p]`. */
export function addProduct(product: Product): void {
  const { m, n, p } = product;
  const m4 = m & ~3;
  const n4 = n & ~3;
  for (let start = 0; start < p; start += PASS) {
    const end = Math.min(p, start + PASS);
    for (let i = 0; i < m4; i += 4) {
      for (let j = 0; j < n4; j += 4) addFourByFour(product, { i, j, start, end });
      for (let j = n4; j < n; j++) {
        for (let r = i; r < i + 4; r++) addOne(product, { i: r, j, start, end });
      }
    }
    for (let i = m4; i < m; i++) {
      for (let j = 0; j < n; j++) addOne(product, { i, j, start, end });
    }
  }
}

/** A place in a product, and the columns of a pass. */
interface Tile {
  readonly i: number;
  readonly j: number;
  readonly start: number;
  readonly end: number;
}

/** Rows i to i + 3 of `into` += their coefficients j to j + 3 × the rows j to j + 3 of b. */
function addFourByFour({ a, b, into, n, p }: Product, { i, j, start, end }: Tile): void {
  const q0 = i * n + j;
  const q1 = (i + 1) * n + j;
  const q2 = (i + 2) * n + j;
  const q3 = (i + 3) * n + j;
  const a00 = a[q0] as number;
  const a01 = a[q0 + 1] as number;
  const a02 = a[q0 + 2] as number;
  const a03 = a[q0 + 3] as number;
  const a10 = a[q1] as number;
  const a11 = a[q1 + 1] as number;
  const a12 = a[q1 + 2] as number;
  const a13 = a[q1 + 3] as number;
  const a20 = a[q2] as number;
  const a21 = a[q2 + 1] as number;
  const a22 = a[q2 + 2] as number;
  const a23 = a[q2 + 3] as number;
  const a30 = a[q3] as number;
  const a31 = a[q3 + 1] as number;
  const a32 = a[q3 + 2] as number;
  const a33 = a[q3 + 3] as number;
  const b0 = j * p;
  const b1 = (j + 1) * p;
  const b2 = (j + 2) * p;
  const b3 = (j + 3) * p;
  const o0 = i * p;
  const o1 = (i + 1) * p;
  const o2 = (i + 2) * p;
  const o3 = (i + 3) * p;
  for (let c = start; c < end; c++) {
    const y0 = b[b0 + c] as number;
    const y1 = b[b1 + c] as number;
    const y2 = b[b2 + c] as number;
    const y3 = b[b3 + c] as number;
    into[o0 + c] = (into[o0 + c] as number) + a00 * y0 + a01 * y1 + a02 * y2 + a03 * y3;
    into[o1 + c] = (into[o1 + c] as number) + a10 * y0 + a11 * y1 + a12 * y2 + a13 * y3;
    into[o2 + c] = (into[o2 + c] as number) + a20 * y0 + a21 * y1 + a22 * y2 + a23 * y3;
    into[o3 + c] = (into[o3 + c] as number) + a30 * y0 + a31 * y1 + a32 * y2 + a33 * y3;
  }
}

/** Row i of `into` += its coefficient j × row j of b. */
function addOne({ a, b, into, n, p }: Product, { i, j, start, end }: Tile): void {
  const factor = f64(a, i * n + j);
  const from = j * p;
  const to = i * p;
  for (let c = start; c < end; c++) into[to + c] = f64(into, to + c) + factor * f64(b, from + c);
}

/** `into += a bᵀ`: `[m, n] [p, n]` → `[m, p]`. */
export function addProductTransposed(product: Product): void {
  const { m, n, p } = product;
  const m2 = m & ~1;
  const p4 = p & ~3;
  for (let start = 0; start < n; start += PASS) {
    const end = Math.min(n, start + PASS);
    for (let j = 0; j < p4; j += 4) {
      for (let i = 0; i < m2; i += 2) addTwoByFourDots(product, { i, j, start, end });
      if (m2 < m) addDots(product, { i: m2, j, start, end }, 4);
    }
    if (p4 === p) continue;
    for (let i = 0; i < m; i++) addDots(product, { i, j: p4, start, end }, p - p4);
  }
}

/** Inner products of rows i and i + 1 of a with rows j to j + 3 of b. */
function addTwoByFourDots({ a, b, into, n, p }: Product, { i, j, start, end }: Tile): void {
  const a0 = i * n;
  const a1 = (i + 1) * n;
  const b0 = j * n;
  const b1 = (j + 1) * n;
  const b2 = (j + 2) * n;
  const b3 = (j + 3) * n;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let c = start; c < end; c++) {
    const x0 = a[a0 + c] as number;
    const x1 = a[a1 + c] as number;
    const y0 = b[b0 + c] as number;
    const y1 = b[b1 + c] as number;
    const y2 = b[b2 + c] as number;
    const y3 = b[b3 + c] as number;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
  }
  const o0 = i * p + j;
  const o1 = (i + 1) * p + j;
  into[o0] = (into[o0] as number) + s00;
  into[o0 + 1] = (into[o0 + 1] as number) + s01;
  into[o0 + 2] = (into[o0 + 2] as number) + s02;
  into[o0 + 3] = (into[o0 + 3] as number) + s03;
  into[o1] = (into[o1] as number) + s10;
  into[o1 + 1] = (into[o1 + 1] as number) + s11;
  into[o1 + 2] = (into[o1 + 2] as number) + s12;
  into[o1 + 3] = (into[o1 + 3] as number) + s13;
}

/** Inner products of row i of a with `count` rows of b from j on. */
function addDots({ a, b, into, n, p }: Product, { i, j, start, end }: Tile, count: number): void {
  for (let r = j; r < j + count; r++) {
    const x = i * n;
    const y = r * n;
    let total = 0;
    for (let c = start; c < end; c++) total += f64(a, x + c) * f64(b, y + c);
    into[i * p + r] = f64(into, i * p + r) + total;
  }
}
