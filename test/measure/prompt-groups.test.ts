import fc from "fast-check";
import { expect, it } from "vitest";
import { groupByPrompt } from "../../src/measure/prompt-groups.js";

const items = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 });

it("takes every row once, rows of one item in a group, all groups of one size", () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 9 }), (list, most) => {
      const groups = groupByPrompt(Int32Array.from(list), most);
      expect(groups.flat().sort((a, b) => a - b)).toEqual([...list.keys()]);
      expect(new Set(groups.map((rows) => rows.length)).size).toBe(1);
      expect(groups[0]!.length).toBeLessThanOrEqual(most);
      for (const rows of groups) expect(new Set(rows.map((row) => list[row])).size).toBe(1);
    }),
  );
});

it("finds the copies of a list that is repeated", () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 6 }), (list, times) => {
      const repeated = Array.from({ length: times }, () => list).flat();
      expect(groupByPrompt(Int32Array.from(repeated), 1000)[0]!.length % times).toBe(0);
    }),
  );
});

it("divides larger groups until they fit", () => {
  const rows = new Int32Array(12);
  expect(groupByPrompt(rows, 5).map((group) => group.length)).toEqual([4, 4, 4]);
  expect(groupByPrompt(rows, 1)).toHaveLength(12);
});
