/**
 * @file What every built-in audit promises, whatever it asks. A new audit is covered as soon as it is listed.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AUDITS } from "../../audits/index.js";
import type { CausalAudit, Item } from "../../src/plan/audit.js";
import { stream } from "../../src/stats/stream.js";

const EVERYTHING = 100_000;

function draw(audit: CausalAudit, { seed, n }: { seed: number; n: number }): readonly Item[] {
  return audit.items(stream(seed, "test"), n);
}

function countBy<T>(of: readonly T[], key: (one: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of of) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1);
  return counts;
}

/** The only named span of an item, as text. */
function focusOf(item: Item): string {
  const [span] = Object.values(item.spans ?? {});
  return item.prompt!.slice(span![0], span![1]);
}

describe("the list of built-in audits", () => {
  it("holds the three audits under distinct ids", () => {
    expect(AUDITS.map((audit) => audit.id)).toEqual([
      "number-agreement",
      "sentiment",
      "harmful-request",
    ]);
  });
});

describe.each(AUDITS.map((audit) => [audit.id, audit] as const))("%s", (_id, audit) => {
  const items = draw(audit, { seed: 1, n: 600 });
  const all = draw(audit, { seed: 1, n: EVERYTHING });
  const tested = audit.by[0]!;

  it("gives at least 400 items, no two with the same prompt", () => {
    expect(items.length).toBeGreaterThanOrEqual(400);
    expect(new Set(all.map((item) => item.prompt)).size).toBe(all.length);
  });

  it("asks for each answer equally often, in draws of any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 500 }), fc.nat(), (n, seed) => {
        const drawn = draw(audit, { seed, n });
        const counts = countBy(drawn, (item) => audit.outcome(item.values));
        const cells = countBy(drawn, (item) => JSON.stringify(item.values)).size;
        expect(drawn.length).toBe(n);
        // cells take turns, so two answers differ by one item for each cell of values at most
        expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(
          cells,
        );
      }),
      { numRuns: 20 },
    );
  });

  it("balances every variable that is not under test against the ones that are", () => {
    const cells = [...countBy(items, (item) => JSON.stringify(item.values)).values()];
    expect(Math.max(...cells) - Math.min(...cells)).toBeLessThanOrEqual(1);
  });

  it("gives the same items in the same order for the same seed, and others for another", () => {
    expect(draw(audit, { seed: 1, n: 600 })).toEqual(items);
    expect(draw(audit, { seed: 2, n: 600 })).not.toEqual(items);
  });

  it("repeats a draw from a stream that was already used", () => {
    const used = stream(1, "test");
    used.next();
    expect(audit.items(used, 600)).toEqual(items);
  });

  it("does not list its items class by class", () => {
    const answers = items.map((item) => audit.outcome(item.values));
    const changes = answers.filter((answer, index) => index > 0 && answer !== answers[index - 1]);
    // neighbours of a shuffled list of two equal classes differ with probability a half: n/2 ± 5 sd
    expect(Math.abs(changes.length - items.length / 2)).toBeLessThan(2.5 * Math.sqrt(items.length));
  });

  it("has at least 30 groups for each value under test, used equally often", () => {
    for (const value of audit.variables[tested]!) {
      const groups = countBy(
        items.filter((item) => item.values[tested] === value),
        (item) => item.group!,
      );
      expect(groups.size).toBeGreaterThanOrEqual(30);
      const perCell = Object.keys(audit.variables).length; // groups take turns within each cell
      expect(Math.max(...groups.values()) - Math.min(...groups.values())).toBeLessThanOrEqual(
        perCell,
      );
    }
  });

  it("marks in each prompt exactly the focus word of the item's group", () => {
    for (const item of all) {
      expect(typeof item.prompt).toBe("string");
      const word = focusOf(item);
      expect(word).toMatch(/^[a-z]+$/);
      expect(` ${item.prompt!.split(/[^a-z]+/i).join(" ")} `).toContain(` ${word} `);
      if (audit.id !== "number-agreement") expect(word).toBe(item.group);
    }
  });

  it("gives a word one value only", () => {
    const values = new Map<string, unknown>();
    for (const item of all) {
      const known = values.get(focusOf(item)) ?? item.values[tested];
      expect(item.values[tested]).toBe(known);
      values.set(focusOf(item), known);
    }
  });

  it("names a span for each site other than the last token", () => {
    expect(audit.sites).toContain("last");
    const spans = audit.sites.filter((site) => site !== "last");
    for (const item of items) expect(Object.keys(item.spans ?? {})).toEqual(spans);
  });

  it("gives every variable of every item a declared value", () => {
    for (const item of all) {
      expect(Object.keys(item.values).sort()).toEqual(Object.keys(audit.variables).sort());
      for (const [name, value] of Object.entries(item.values)) {
        expect(audit.variables[name]).toContain(value);
      }
    }
  });

  it("has an outcome for every value under test, and each answer is the outcome of one", () => {
    const outcomes = audit.variables[tested]!.map((value) => audit.outcome({ [tested]: value }));
    expect([...outcomes].sort()).toEqual(Object.keys(audit.answers).sort());
  });

  it("answers with forms that begin a new word and belong to one class", () => {
    const forms = Object.values(audit.answers).flat() as string[];
    expect(new Set(forms).size).toBe(forms.length);
    for (const form of forms) expect(form).toMatch(/^ [a-z]+$/);
    for (const item of items) expect(item.prompt).toMatch(/\S$/);
  });

  it("says what it asks, why it matters and where it comes from", () => {
    for (const text of [audit.title, audit.question, audit.why, ...audit.references]) {
      expect(text.length).toBeGreaterThan(10);
    }
    expect(audit.question).toMatch(/\?$/);
    expect(audit.references.length).toBeGreaterThan(0);
  });
});
