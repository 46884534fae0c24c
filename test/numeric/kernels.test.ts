/** @file Laws of the blocked loops: what they sum, in which order, and that blocks leave no trace. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addProduct, addProductTransposed, type Product } from "../../src/numeric/kernels.js";
import { stream } from "../../src/stats/stream.js";

/** Sums of up to 40 products of size 1: about 100 ulp. */
const ROUNDING = 1e-12;

const sizes = fc.record({
  m: fc.integer({ min: 0, max: 11 }),
  n: fc.integer({ min: 0, max: 40 }),
  p: fc.integer({ min: 0, max: 11 }),
  seed: fc.nat(1000),
});

function draw(length: number, seed: number, name: string): Float64Array {
  const random = stream(seed, name);
  return Float64Array.from({ length }, () => random.normal());
}

function operands({ m, n, p, seed }: { m: number; n: number; p: number; seed: number }): Product {
  const [a, b] = [draw(m * n, seed, "a"), draw(n * p, seed, "b")];
  return { a, b, into: draw(m * p, seed, "into"), m, n, p };
}

/** `into + Σ a b`, term by term; `element` finds the term of b. */
function naive(
  { a, b, into, m, n, p }: Product,
  element: (term: number, column: number) => number,
): Float64Array {
  const out = into.slice();
  for (let i = 0; i < m; i++) {
    for (let c = 0; c < p; c++) {
      for (let j = 0; j < n; j++) out[i * p + c]! += a[i * n + j]! * b[element(j, c)]!;
    }
  }
  return out;
}

function expectNear(found: Float64Array, expected: Float64Array): void {
  found.forEach((x, i) => {
    expect(Math.abs(x - expected[i]!)).toBeLessThan(ROUNDING);
  });
}

const KERNELS = [
  [
    "addProduct",
    addProduct,
    ({ p }: Product) =>
      (j: number, c: number) =>
        j * p + c,
  ],
  [
    "addProductTransposed",
    addProductTransposed,
    ({ n }: Product) =>
      (j: number, c: number) =>
        c * n + j,
  ],
] as const;

describe.each(KERNELS)("%s", (_, kernel, elementOf) => {
  it("adds the product written out naively, at every size", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const product = operands(size);
        const expected = naive(product, elementOf(product));
        kernel(product);
        expectNear(product.into, expected);
      }),
    );
  });

  it("gives a row the same bits alone as among others", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const product = operands(size);
        const before = product.into.slice();
        kernel(product);
        const { a, b, into, m, n, p } = product;
        for (let i = 0; i < m; i++) {
          const alone = before.slice(i * p, (i + 1) * p);
          kernel({ a: a.slice(i * n, (i + 1) * n), b, into: alone, m: 1, n, p });
          expect(alone).toEqual(into.slice(i * p, (i + 1) * p));
        }
      }),
    );
  });

  it("is the same product over more columns and terms than one pass takes", () => {
    const product = operands({ m: 5, n: 1541, p: 9, seed: 1 });
    const wide = operands({ m: 5, n: 9, p: 1541, seed: 1 });
    for (const each of [product, wide]) {
      const expected = naive(each, elementOf(each));
      kernel(each);
      expectNear(each.into, expected);
    }
  });
});
