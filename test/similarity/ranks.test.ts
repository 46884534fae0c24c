/** @file Ranks: against their definition, whatever the range and however many ties. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { averageRanks } from "../../src/similarity/ranks.js";

/** Values below, and half of the others that are equal, from 1 on. */
function defined(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

it("are what their definition says of any finite values, equal ones, and ones of very different size", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true }); // up to ±1.8e308: a range that overflows
  const lists = fc.oneof(
    fc.array(finite, { maxLength: 60 }),
    fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 60 }), // 0 and −0 among them are equal
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value ** 40), { maxLength: 60 }), // prettier-ignore
    fc.array(fc.constantFrom(0, -0, 5e-324, 1e-323, 1), { maxLength: 60 }),
  );
  fc.assert(
    fc.property(lists, (values) => {
      expect([...averageRanks(Float64Array.from(values))]).toEqual(defined(values));
    }),
    { numRuns: 400 },
  );
});
