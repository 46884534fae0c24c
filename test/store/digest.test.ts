/**
 * @file Digests: of equal values equal, of different values different, and never of something that JSON bends.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestBytes, digestFile, digestJson } from "../../src/store/digest.js";

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
};

describe("canonical JSON", () => {
  it("is read back as the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it("sorts keys by code units and leaves out what is undefined", () => {
    expect(canonicalJson({ b: 1, a: undefined, Z: [true, null], é: "x" })).toBe(
      '{"Z":[true,null],"b":1,"é":"x"}',
    );
  });

  it.each([
    [{ a: [NaN] }, "internal: $.a[0] is NaN, which JSON cannot hold"],
    [{ a: -Infinity }, "internal: $.a is -Infinity, which JSON cannot hold"],
    [[1n], "internal: $[0] is a bigint, which JSON cannot hold"],
    [[undefined], "internal: $[0] is a undefined, which JSON cannot hold"],
    [new Float32Array(1), "internal: $ is a Float32Array, which JSON cannot hold"],
    [new Map(), "internal: $ is a Map, which JSON cannot hold"],
  ])("refuses %o", (value, message) => {
    expect(() => canonicalJson(value)).toThrow(message);
  });
});

describe("a digest", () => {
  it("of the empty text is the known one", () => {
    expect(digestBytes("")).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  it("differs for values that differ in one place", () => {
    expect(digestJson({ layer: 3, k: 1 })).not.toBe(digestJson({ layer: 3, k: 2 }));
  });

  it("of a file of several pieces is that of its bytes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mas-audit-digest-"));
    const bytes = Buffer.alloc((1 << 20) * 2 + 7, "residual");
    writeFileSync(join(folder, "big"), bytes);
    expect(await digestFile(join(folder, "big"))).toBe(digestBytes(bytes));
    rmSync(folder, { recursive: true });
  });
});
