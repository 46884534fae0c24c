import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { printCanonical, type Json } from "../../src/report/canonical.js";

/** JSON without −0, which JSON text does not tell from 0. */
const json = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)) as Json); // prettier-ignore

describe("canonical JSON", () => {
  it("reads back as what was printed", () => {
    fc.assert(fc.property(json, (value) => {
      expect(JSON.parse(printCanonical(value))).toEqual(value);
    })); // prettier-ignore
  });

  it("does not depend on the order of keys in memory", () => {
    fc.assert(fc.property(json, (value) => {
      expect(printCanonical(reversed(value))).toBe(printCanonical(value));
    })); // prettier-ignore
  });

  it("tells different content apart", () => {
    expect(printCanonical({ a: 1, b: [1, 2] })).not.toBe(printCanonical({ a: 1, b: [2, 1] }));
  });

  it("ends with one newline", () => {
    expect(printCanonical({ a: 1 })).toBe('{"a": 1}\n');
  });

  it("leaves out names whose value is absent", () => {
    expect(printCanonical({ a: undefined, b: 2 })).toBe('{"b": 2}\n');
  });

  it("puts the schema first and the manifest last", () => {
    const text = printCanonical({
      manifest: { timing: 1, a: 2 },
      zebra: "z".repeat(90),
      schema: "s",
    });
    expect([...text.matchAll(/"(\w+)":/g)].map(([, key]) => key)).toEqual(["schema", "zebra", "manifest", "a", "timing"]); // prettier-ignore
  });

  it("keeps a long list of numbers on one line", () => {
    const list = Array.from({ length: 300 }, (_, index) => index);
    expect(printCanonical({ list }).split("\n")).toHaveLength(4);
  });

  it.each([NaN, Infinity, -Infinity])("refuses %s instead of writing null", (value) => {
    expect(() => printCanonical({ deep: [value] })).toThrow(/JSON cannot hold/);
  });
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((entry: Json) => reversed(entry));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Record<string, Json>).reverse();
  return Object.fromEntries(entries.map(([key, entry]) => [key, reversed(entry)]));
}
