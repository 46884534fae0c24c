import { describe, expect, it } from "vitest";
import {
  prepareTexts,
  pairingKey,
  type PreparedText,
} from "../../../src/measure/full/prepared-texts.js";
import { countPairs, drawTextPairs, permuteSources } from "../../../src/measure/full/text-pairs.js";
import {
  distinctRows,
  layOutRows,
  pairRows,
  rowsOf,
} from "../../../src/measure/full/token-rows.js";
import { fullBehaviour } from "../../../audits/full-behaviour.js";
import { stream } from "../../../src/stats/stream.js";

const text = (ids: readonly number[]): PreparedText => ({ text: ids.join(" "), ids, group: "g" });

/** Lengths 3 and 4, first tokens 1 and 2. */
const ITEMS = [
  [1, 5, 6],
  [1, 5, 7],
  [1, 6, 6],
  [2, 5, 6],
  [1, 5, 6, 7],
  [1, 6, 6, 7],
  [1, 7, 7, 7],
].map(text);
const MEMBERS = [...ITEMS.keys()];

describe("pairs of texts", () => {
  it("have one length, one first token, and two different texts", () => {
    const { target, source } = drawTextPairs({
      ...{ items: ITEMS, members: MEMBERS, n: 100 },
      stream: stream(1, "pairs"),
    });
    expect(target).toHaveLength(countPairs({ items: ITEMS, members: MEMBERS }));
    expect(target).toHaveLength(3 * 2 + 3 * 2);
    target.forEach((item, i) => {
      expect(source[i]).not.toBe(item);
      expect(pairingKey(ITEMS[item]!)).toBe(pairingKey(ITEMS[source[i]!]!));
    });
    expect(new Set([...target].map((item, i) => `${item}/${source[i]!}`)).size).toBe(12);
  });

  it("are changed in both models where that is asked", () => {
    const base = Int32Array.of(0, 1, 2, 0, 0, 1, 1);
    const tuned = Int32Array.of(0, 0, 1, 0, 0, 1, 2);
    const { target, source } = drawTextPairs({
      ...{ items: ITEMS, members: MEMBERS, changedBy: { base, tuned }, n: 100 },
      stream: stream(1, "pairs"),
    });
    // 0–2 and 1–2 of the first three; 4–5 and 4–6 of the last three; each both ways
    expect(target).toHaveLength(8);
    target.forEach((item, i) => {
      expect(base[item]).not.toBe(base[source[i]!]);
      expect(tuned[item]).not.toBe(tuned[source[i]!]);
    });
  });

  it("take turns with their targets, so that any beginning is balanced", () => {
    const { target } = drawTextPairs({
      ...{ items: ITEMS, members: MEMBERS, n: 6 },
      stream: stream(2, "pairs"),
    });
    expect([...target].sort()).toEqual([0, 1, 2, 4, 5, 6]);
  });

  it("permuted keep targets, lengths and the list of sources, and no pair keeps its place", () => {
    const pairs = drawTextPairs({
      ...{ items: ITEMS, members: MEMBERS, n: 6 },
      stream: stream(3, "pairs"),
    });
    const permuted = permuteSources(pairs, ITEMS, stream(3, "permuted"));
    expect(permuted.target).toEqual(pairs.target);
    expect([...permuted.source].sort()).toEqual([...pairs.source].sort());
    permuted.source.forEach((item, i) => {
      expect(pairingKey(ITEMS[item]!)).toBe(pairingKey(ITEMS[pairs.target[i]!]!));
    });
    expect(permuted.source).not.toEqual(pairs.source);
  });
});

describe("rows of tokens", () => {
  const rows = layOutRows(ITEMS.map(({ ids }) => ids.length));

  it("leave out token 0 and nothing else", () => {
    expect(rows.total).toBe(4 * 2 + 3 * 3);
    expect([...rowsOf(rows, Int32Array.from(MEMBERS))]).toEqual([
      ...Array.from({ length: rows.total }).keys(),
    ]);
  });

  it("of a pair go token by token", () => {
    const { target, source, count } = pairRows(rows, {
      target: Int32Array.of(4, 0),
      source: Int32Array.of(5, 2),
    });
    expect([...target]).toEqual([8, 9, 10, 0, 1]);
    expect([...source]).toEqual([11, 12, 13, 4, 5]);
    expect([...count]).toEqual([3, 2]);
  });

  it("refuse a pair of two lengths", () => {
    expect(() => pairRows(rows, { target: Int32Array.of(0), source: Int32Array.of(4) })).toThrow(
      /one length/,
    );
  });

  it("count a beginning once, however many texts share it", () => {
    // 1 5 | 1 5 6 (also of text 4) | 1 5 7 | 1 6 | 1 6 6 (also of text 5) | 2 5 | 2 5 6 | …
    const distinct = distinctRows(rows, Int32Array.from(MEMBERS), ITEMS);
    const beginnings = new Set(
      ITEMS.flatMap(({ ids }) => ids.slice(1).map((_, i) => ids.slice(0, i + 2).join())),
    );
    expect(distinct).toHaveLength(beginnings.size);
    expect(new Set(distinct).size).toBe(beginnings.size);
  });
});

describe("prepared texts", () => {
  const tokenizer = {
    encode: (prompt: string) => ({
      text: prompt,
      ids: prompt.split(" ").map((word) => word.length),
      leading: 0,
    }),
  };

  it("are those of the commonest lengths, and say how many were made", () => {
    const made = ["a b c", "a b d", "a b c d", "a b", "a c c"].map((prompt) => ({
      prompt,
      group: prompt,
    }));
    const { items, generated, tooLong } = prepareTexts(fullBehaviour, made, { tokenizer, n: 3 });
    expect(items.map((item) => item.text)).toEqual(["a b c", "a b d", "a c c"]);
    expect([generated, tooLong]).toEqual([5, 0]);
  });

  it("are counted where they are longer than the context", () => {
    const made = ["a b c", "a b c d"].map((prompt) => ({ prompt, group: prompt }));
    const limited = prepareTexts(fullBehaviour, made, { tokenizer, n: 3, contextLength: 3 });
    expect([limited.items.length, limited.tooLong]).toEqual([1, 1]);
    expect(() => prepareTexts(fullBehaviour, made, { tokenizer, n: 3, contextLength: 2 })).toThrow(
      /longer than the context/,
    );
  });
});
