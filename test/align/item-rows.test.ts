/** @file What is worked out per item is what each of its rows would have got. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accumulateGradient, coordinatesOf } from "../../src/align/interchange.js";
import { distinctBlocks, shareItems, spreadToRows, sumPerItem } from "../../src/align/item-rows.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import {
  copy,
  matrix,
  multiplyTransposed,
  takeRows,
  transposedMultiply,
  type Matrix,
} from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";

const items = fc.array(fc.nat(7), { maxLength: 30 }).map((list) => Int32Array.from(list));

describe("rows that share items", () => {
  it("name each item once, and find it again", () => {
    fc.assert(
      fc.property(items, (list) => {
        const { distinct, place } = shareItems(list);
        expect(new Set(distinct).size).toBe(distinct.length);
        expect([...place].map((at) => distinct[at])).toEqual([...list]);
      }),
    );
  });

  it("get what their item has, as if the items had been taken row by row", () => {
    const perItem = matrix(8, 2, Float64Array.from(Array(16).keys()));
    fc.assert(
      fc.property(items, (list) => {
        const rows = shareItems(list);
        const spread = spreadToRows(takeRows(perItem, rows.distinct), rows);
        expect(spread).toEqual(takeRows(perItem, list));
      }),
    );
  });

  it("are summed per item", () => {
    const rows = shareItems(Int32Array.of(5, 2, 5));
    const sums = sumPerItem(matrix(3, 2, Float64Array.of(1, 2, 10, 20, 100, 200)), rows);
    expect([...rows.distinct]).toEqual([5, 2]);
    expect([...sums.data]).toEqual([101, 202, 10, 20]);
  });
});

describe("states of distinct items, a block at a time", () => {
  const random = stream(0, "item rows");
  const draw = (rows: number, cols: number): Matrix =>
    matrix(
      rows,
      cols,
      Float64Array.from({ length: rows * cols }, () => random.normal()),
    );
  const states = draw(150, 9);
  const subspace = randomSubspace(3, 9, random);
  /** More items than two blocks hold, in an order of their own, and fewer than one. */
  const lists = [Int32Array.from({ length: 400 }, (_, i) => (i * 7) % 150), Int32Array.of(5, 2, 5)];

  it("are all of them, in their order", () => {
    for (const items of lists) {
      const rows = shareItems(items);
      const found = [...distinctBlocks(rows.distinct, states)].map(({ first, last }) => [
        first,
        last,
      ]);
      expect(found.flat().at(0)).toBe(0);
      expect(found.flat().at(-1)).toBe(rows.distinct.length);
      const blocks: number[] = [];
      for (const { block } of distinctBlocks(rows.distinct, states)) blocks.push(...block.data);
      expect(blocks).toEqual([...takeRows(states, rows.distinct).data]);
    }
  });

  it("give the coordinates of one pass, to the last bit", () => {
    for (const items of lists) {
      const rows = shareItems(items);
      const whole = multiplyTransposed(takeRows(states, rows.distinct), subspace);
      expect(coordinatesOf({ subspace, normalised: states, items })).toEqual(
        spreadToRows(whole, rows),
      );
    }
  });

  it("give the gradient of one pass, to the last bit", () => {
    for (const items of lists) {
      const end = { subspace, normalised: states, items };
      const [scaled, difference] = [draw(items.length, 9), draw(items.length, 3)];
      const into = { source: matrix(3, 9), target: matrix(3, 9) };
      accumulateGradient({ source: end, target: end, difference }, scaled, into);
      const rows = shareItems(items);
      const taken = takeRows(states, rows.distinct);
      const outer = (q: Matrix): Matrix => transposedMultiply(sumPerItem(q, rows), taken);
      const q = multiplyTransposed(scaled, subspace);
      expect(into.source).toEqual(outer(q));
      const negative = copy(q);
      negative.data.forEach((x, i) => (negative.data[i] = -x));
      const target = transposedMultiply(difference, scaled);
      transposedMultiply(sumPerItem(negative, rows), taken, target);
      expect(into.target).toEqual(target);
    }
  });
});
