/**
 * @file What is chosen from what is asked: audits, variables, k, threads.
 */
import { describe, expect, it } from "vitest";
import type { CausalAudit } from "../../src/plan/audit.js";
import { chooseAudits, type AuditChoice } from "../../src/plan/choose-audits.js";
import { chooseK } from "../../src/plan/choose-k.js";
import { chooseThreads } from "../../src/plan/threads.js";
import { refusalOf } from "../support/refusals.js";

const audit = (id: string, by: readonly string[], others: readonly string[] = []): CausalAudit => ({
  id,
  title: id,
  question: "",
  why: "",
  references: [],
  variables: Object.fromEntries([...by, ...others].map((name) => [name, ["a", "b"]])),
  by,
  answers: {},
  outcome: () => "a",
  items: () => [],
  sites: ["last"],
});
const builtIn = [
  audit("number-agreement", ["number"], ["noun"]),
  audit("sentiment", ["sentiment"]),
];
const parseFile = (path: string): CausalAudit =>
  audit(path === "twin.json" ? "sentiment" : "own", ["mood", "tense"]);
const choose = (
  part: Partial<AuditChoice>,
): readonly (readonly [string, string, readonly string[]])[] =>
  chooseAudits({ builtIn, parseFile, audits: [], variables: [], ...part }).map(
    ({ audit: { id }, source, variables }) => [id, source, variables],
  );

describe("the audits that run", () => {
  it("are all built-in ones where none is named", () => {
    expect(choose({})).toEqual([
      ["number-agreement", "built-in", ["number"]],
      ["sentiment", "built-in", ["sentiment"]],
    ]);
  });

  it("are those named, in that order, files among them", () => {
    expect(choose({ audits: ["own.json", "sentiment"] })).toEqual([
      ["own", "own.json", ["mood", "tense"]],
      ["sentiment", "built-in", ["sentiment"]],
    ]);
  });

  it("are those that have a variable asked for", () => {
    expect(choose({ audits: ["./x", "sentiment"], variables: ["tense"] })).toEqual([
      ["own", "./x", ["tense"]],
    ]);
  });

  it("are refused when their id is unknown, all at once", () => {
    expect(refusalOf(() => choose({ audits: ["sentimant"] }))).toMatchObject({
      exitCode: 2,
      code: "UNKNOWN_AUDIT",
      message: "--audit",
      expected: 'one of "number-agreement", "sentiment", or the path of a .json file',
      found: '"sentimant"',
      hint: 'did you mean "sentiment"?',
    });
    expect(refusalOf(() => choose({ audits: ["x", "y"] })).message).toMatch(
      /^--audit: 2 mistakes\n/,
    );
  });

  it("are refused when an id stands twice", () => {
    expect(refusalOf(() => choose({ audits: ["sentiment", "twin.json"] }))).toMatchObject({
      exitCode: 2,
      code: "DUPLICATE_AUDIT",
      expected: "every audit id once",
      found: '"sentiment" again (twin.json)',
    });
  });
});

describe("a variable that cannot be examined", () => {
  it("is refused with a similar name", () => {
    expect(refusalOf(() => choose({ variables: ["numbr"] }))).toMatchObject({
      exitCode: 2,
      code: "UNKNOWN_VARIABLE",
      message: "--variable",
      expected: 'one of "number", "sentiment"',
      found: '"numbr"',
      hint: 'did you mean "number"?',
    });
  });

  it("is refused with the reason where it exists", () => {
    expect(refusalOf(() => choose({ variables: ["noun"] })).hint).toBe(
      'the outcome of audit "number-agreement" does not depend on it',
    );
  });
});

describe("k", () => {
  const dModel = { base: 64, tuned: 48 };

  it.each([
    ["auto", 2, 1],
    ["auto", 10, 6],
    ["auto", 1, 1],
    [48, 2, 48],
    [3, 2, 3],
  ] as const)("asked as %s with %i classes is %i at a width of 48", (asked, classes, k) => {
    expect(chooseK(asked, { classes, dModel })).toBe(k);
  });

  it("is at least 1 in the narrowest model", () => {
    expect(chooseK("auto", { classes: 5, dModel: { base: 4, tuned: 4 } })).toBe(1);
  });

  it("above the narrower model's width is refused", () => {
    expect(refusalOf(() => chooseK(49, { classes: 2, dModel }))).toMatchObject({
      exitCode: 2,
      code: "K_TOO_LARGE",
      message: "--k",
      expected: "1 to 48, the width of the tuned model",
      found: "49",
      hint: "classes − 1 is enough for most variables, and more than 6 (dModel / 8) proves little",
    });
  });
});

const machine = (cores: number, memoryBytes = 8e9) => ({
  cores,
  memoryBytes,
  memoryFrom: "installed memory",
});

it.each([
  ["auto", 2, 2],
  ["auto", 1.5, 1],
  ["auto", 0.5, 1],
  [7, 2, 7],
] as const)("threads asked as %s on %d cores are %i", (asked, cores, threads) => {
  expect(chooseThreads(asked, machine(cores))).toBe(threads);
});
