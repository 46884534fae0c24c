import { describe, expect, it } from "vitest";
import { fullBehaviour } from "../../audits/full-behaviour.js";
import { splitItems } from "../../src/plan/splits.js";
import { stream } from "../../src/stats/stream.js";

const texts = fullBehaviour.texts(stream(0, "audit"), 1200);

describe("the texts of full behaviour", () => {
  it("are at least 600, all different, and the same for the same stream", () => {
    expect(new Set(texts.map(({ prompt }) => prompt)).size).toBe(1200);
    expect(fullBehaviour.texts(stream(0, "audit"), 1200)).toEqual(texts);
    expect(fullBehaviour.texts(stream(1, "audit"), 1200)).not.toEqual(texts);
  });

  it("all begin with one word, so that the state of token 0 is the same in all", () => {
    expect(texts.every(({ prompt }) => prompt.startsWith("The "))).toBe(true);
  });

  it("are beginnings of one grammar", () => {
    const grammar = /^The( \w+){1,2}( \w+)( the( \w+)?( \w+( \w+( the( \w+( and)?)?)?)?)?)?$/;
    expect(texts.filter(({ prompt }) => !grammar.test(prompt))).toEqual([]);
    expect(texts.every(({ prompt }) => prompt.split(" ").length >= 3)).toBe(true);
  });

  it("end after every kind of word", () => {
    const lengths = new Set(texts.map(({ prompt }) => prompt.split(" ").length));
    expect([...lengths].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("of two splits share no actor, so that no sentence stands in both", () => {
    const split = splitItems(
      texts.map(({ group }) => ({ group, class: 0 })),
      { classes: 1, stream: stream(0, "split") },
    );
    expect(split.heldOut).toBe("group");
    const actors = (part: readonly number[]): Set<string> =>
      new Set(part.map((i) => texts[i]!.group));
    const [train, test] = [actors(split.train), actors(split.test)];
    expect([...train].filter((actor) => test.has(actor))).toEqual([]);
    // the group is what the text itself is about
    expect(texts.every(({ prompt, group }) => prompt.includes(` ${group}`))).toBe(true);
  });
});
