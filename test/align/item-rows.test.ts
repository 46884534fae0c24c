/** @file What is worked out per item is what each of its rows would have got. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareItems, spreadToRows, sumPerItem } from "../../src/align/item-rows.js";
import { matrix, takeRows } from "../../src/numeric/matrix.js";

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
