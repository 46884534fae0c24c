/** @file The comparison with the planted truth notices every single thing that is said wrongly. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PLANTED } from "../support/planted-run.js";
import {
  compareWithTruth,
  readTruth,
  type PlantTruth,
  type SaidVariable,
} from "../support/planted-truth.js";

const WORDS: Readonly<Record<string, string>> = {
  T: "transfers",
  F: "fails",
  L: "lost",
  G: "gained",
  ".": "absent",
  X: "lost",
  "*": "inconclusive",
};
const truth = Object.entries(readTruth(join(PLANTED, "truth.json")));

/** What a tool that is never wrong would say. */
function sayAll({ variables }: PlantTruth): readonly SaidVariable[] {
  return Object.entries(variables).map(([name, { verdict, labels, sites }]) => ({
    audit: name.split("/")[0]!,
    variable: name.split("/")[1]!,
    verdict: [verdict].flat().at(-1)!,
    labels,
    sites: Object.entries(sites).flatMap(([role, letters]) =>
      Array.from(letters, (letter, layer) => ({
        layer,
        role,
        verdict: WORDS[letter]!,
        labels: [],
      })),
    ),
  }));
}

function mistakes(variables: readonly SaidVariable[], plant: PlantTruth): readonly string[] {
  return compareWithTruth({ variables }, { plant }).flatMap((each) => each.mistakes);
}

/** The first variable changed, the others as they are. */
function withFirst(
  said: readonly SaidVariable[],
  change: (first: SaidVariable) => SaidVariable,
): readonly SaidVariable[] {
  return said.map((each, i) => (i === 0 ? change(each) : each));
}

/** What must be said of the first variable. */
function planted({ variables }: PlantTruth): string {
  return [Object.values(variables)[0]!.verdict].flat().join(" or ");
}

describe.each(truth)("truth of %s", (_, plant) => {
  const said = sayAll(plant);

  it("is met by a tool that says all of it", () => {
    expect(mistakes(said, plant)).toEqual([]);
  });

  it("is not met where a variable is missing, or one too many", () => {
    expect(mistakes(said.slice(1), plant)).toEqual(["not in the result"]);
    const stray = { ...said[0]!, variable: "stray" };
    expect(mistakes([...said, stray], plant)).toEqual(["not in the truth"]);
  });

  it("is not met where a variable has another word", () => {
    const wrong = withFirst(said, (first) => ({ ...first, verdict: "inconclusive" }));
    expect(mistakes(wrong, plant)).toEqual([`inconclusive, not ${planted(plant)}`]);
  });

  it("is not met where any one site has another word, and an invented difference is a false alarm", () => {
    said.forEach((variable, v) => {
      variable.sites.forEach((site, s) => {
        const word = ["fails", "lost"].includes(site.verdict) ? "transfers" : "fails";
        const sites = variable.sites.map((each, i) =>
          i === s ? { ...each, verdict: word } : each,
        );
        const all = said.map((each, i) => (i === v ? { ...each, sites } : each));
        const [compared] = compareWithTruth({ variables: all }, { plant }).slice(v);
        expect(compared!.mistakes).toHaveLength(1);
        const wasAlarm = ["fails", "lost", "gained"].includes(site.verdict);
        expect(compared!.falseAlarms).toBe(wasAlarm ? 0 : 1);
      });
    });
  });

  it("is not met where a site is missing", () => {
    const wrong = withFirst(said, (first) => ({ ...first, sites: first.sites.slice(1) }));
    expect(mistakes(wrong, plant)).toHaveLength(1);
  });

  it("asks only for the layers that were looked at", () => {
    const few = said.map((each) => ({
      ...each,
      sites: each.sites.filter(({ layer }) => layer === 2),
    }));
    const compared = compareWithTruth({ variables: few }, { plant, layers: [2] });
    expect(compared.flatMap((each) => each.mistakes)).toEqual([]);
  });

  it("is not met without a label that must stand, or with one that must not", () => {
    for (const [i, { labels, not }] of Object.values(plant.variables).entries()) {
      const change = (next: readonly string[]): number =>
        mistakes(
          said.map((each, at) => (at === i ? { ...each, labels: next } : each)),
          plant,
        ).length;
      expect(change([])).toBe(labels.length);
      expect(change([...labels, ...not])).toBe(not.length);
    }
  });
});
