/**
 * @file Templates and balanced draws, apart from any one audit.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawBalanced } from "../../audits/draw.js";
import { fill, spanOf } from "../../audits/template.js";
import { InvariantError } from "../../src/errors.js";
import type { Item } from "../../src/plan/audit.js";
import { stream } from "../../src/stats/stream.js";

describe("fill", () => {
  it("marks each word where it stands, whatever the words are", () => {
    const text = fc.string().filter((s) => !/[{}]/.test(s));
    fc.assert(
      fc.property(text, text, fc.string(), fc.string(), (before, between, a, b) => {
        const filled = fill(`${before}{a}${between}{b}`, { a, b });
        expect(filled.prompt).toBe(before + a + between + b);
        expect(filled.prompt.slice(...spanOf(filled, "a"))).toBe(a);
        expect(filled.prompt.slice(...spanOf(filled, "b"))).toBe(b);
      }),
    );
  });

  it("keeps apart a slot and the same word elsewhere in the prompt", () => {
    const filled = fill("a key, the {x}", { x: "key" });
    expect(spanOf(filled, "x")).toEqual([11, 14]);
  });

  it("refuses a slot without a word, a slot that stands twice, and a span of no slot", () => {
    expect(() => fill("{x}", {})).toThrow(InvariantError);
    expect(() => fill("{x} {x}", { x: "a" })).toThrow(InvariantError);
    expect(() => spanOf(fill("a", {}), "x")).toThrow(InvariantError);
  });
});

/** `sizes`: items of each group of a cell. */
function cell(name: string, sizes: readonly number[]): Item[] {
  return sizes.flatMap((size, group) =>
    Array.from({ length: size }, (_, index) => ({
      prompt: `${name} ${group} ${index}`,
      values: { cell: name },
      group: `${name} ${group}`,
    })),
  );
}

describe("drawBalanced", () => {
  it("gives all there are, once, when more are asked for", () => {
    const cells = [cell("a", [3, 1]), cell("b", [2])];
    const drawn = drawBalanced(cells, { stream: stream(0, "t"), n: 99 });
    expect(drawn.map((item) => item.prompt).sort()).toEqual(
      cells
        .flat()
        .map((item) => item.prompt)
        .sort(),
    );
  });

  it("lets a small group take its turns before a large one repeats", () => {
    const drawn = drawBalanced([cell("a", [100, 2, 2])], { stream: stream(0, "t"), n: 6 });
    const groups = drawn.map((item) => item.group).sort();
    expect(groups).toEqual(["a 0", "a 0", "a 1", "a 1", "a 2", "a 2"]);
  });

  it("takes from a cell in another order for another seed", () => {
    const first = (seed: number) =>
      drawBalanced([cell("a", [50])], { stream: stream(seed, "t"), n: 10 });
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });
});
