/** @file The scanner agrees with JSON.parse on what is JSON, and finds what JSON.parse hides. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { scanJson } from "../../src/plan/json-text.js";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const documents = fc
  .tuple(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 1, 2))
  .map(([json, indent]) => JSON.stringify(JSON.parse(json), null, indent));

test("what JSON.parse reads is read", () => {
  fc.assert(
    fc.property(documents, (text) => {
      expect(scanJson(text)).toEqual({ kind: "ok", repeated: [] });
    }),
  );
});

test("after any change of one character it still agrees with JSON.parse", () => {
  const signs = fc.constantFrom(...'{}[]",:0-1.eEtfnul\\ \n\u0001x'.split(""), "");
  fc.assert(
    fc.property(documents, fc.nat(), signs, (text, at, sign) => {
      const place = at % (text.length + 1);
      const changed = text.slice(0, place) + sign + text.slice(place + 1);
      expect(scanJson(changed).kind, changed).toBe(isJson(changed) ? "ok" : "error");
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['{"a": 1,\n "b" 2}', { line: 2, column: 6 }, '":"'],
  ['{"a": [1, 2}', { line: 1, column: 12 }, '"," or "]"'],
  ["{'a': 1}", { line: 1, column: 2 }, "a text in double quotes"],
  ["[1, ]", { line: 1, column: 5 }, "a value"],
  ['{"a": 1', { line: 1, column: 8 }, '"," or "}"'],
  ["{} {}", { line: 1, column: 4 }, "the end of the file"],
  ["", { line: 1, column: 1 }, "a value"],
])("%j is wrong at its first wrong sign", (text, at, expected) => {
  expect(scanJson(text)).toEqual({ kind: "error", at, expected });
});

test("a key that stands twice in one object is found with its path, and only there", () => {
  const text = '{"a": {"x": 1}, "b": [{"x": 1, "y": 2,\n "\\u0078": 3}]}';
  expect(scanJson(text)).toEqual({
    kind: "ok",
    repeated: [{ path: ["b", 0, "x"], at: { line: 2, column: 2 } }],
  });
});
