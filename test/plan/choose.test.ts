/**
 * @file What is chosen from what is asked: audits, variables, k, threads, memory.
 */
import { describe, expect, it } from "vitest";
import { HostError, type MasAuditError } from "../../src/errors.js";
import type { CausalAudit } from "../../src/plan/audit.js";
import { chooseAudits, type AuditChoice } from "../../src/plan/choose-audits.js";
import { chooseK } from "../../src/plan/choose-k.js";
import { checkMemory, estimateMemory, formatBytes } from "../../src/plan/memory.js";
import { chooseThreads } from "../../src/plan/threads.js";

const thrown = (act: () => unknown): MasAuditError => {
  try {
    act();
  } catch (error) {
    return error as MasAuditError;
  }
  throw new Error("nothing was thrown");
};

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
    expect(thrown(() => choose({ audits: ["sentimant"] }))).toMatchObject({
      exitCode: 2,
      code: "UNKNOWN_AUDIT",
      message: "--audit",
      expected: 'one of "number-agreement", "sentiment", or the path of a .json file',
      found: '"sentimant"',
      hint: 'did you mean "sentiment"?',
    });
    expect(thrown(() => choose({ audits: ["x", "y"] })).message).toMatch(/^--audit: 2 mistakes\n/);
  });

  it("are refused when an id stands twice", () => {
    expect(thrown(() => choose({ audits: ["sentiment", "twin.json"] }))).toMatchObject({
      exitCode: 2,
      code: "DUPLICATE_AUDIT",
      expected: "every audit id once",
      found: '"sentiment" again (twin.json)',
    });
  });
});

describe("a variable that cannot be examined", () => {
  it("is refused with a similar name", () => {
    expect(thrown(() => choose({ variables: ["numbr"] }))).toMatchObject({
      exitCode: 2,
      code: "UNKNOWN_VARIABLE",
      message: "--variable",
      expected: 'one of "number", "sentiment"',
      found: '"numbr"',
      hint: 'did you mean "number"?',
    });
  });

  it("is refused with the reason where it exists", () => {
    expect(thrown(() => choose({ variables: ["noun"] })).hint).toBe(
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
    expect(thrown(() => chooseK(49, { classes: 2, dModel }))).toMatchObject({
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

describe("memory", () => {
  const smol = { parameters: 135e6, dModel: 576, vocab: 49_152 };
  const plan = { models: { base: smol, tuned: smol }, states: 400 * 8 * 2, batch: 16, tokens: 32 };

  it("of a 135M pair is mostly its weights: 2 × 135M × 4 bytes", () => {
    const [largest] = estimateMemory(plan).parts;
    expect(largest).toEqual({ name: "weights", bytes: 1.08e9 });
  });

  it("is the sum of its parts", () => {
    const { parts, totalBytes } = estimateMemory(plan);
    expect(parts.map(({ bytes }) => bytes).reduce((a, b) => a + b)).toBe(totalBytes);
  });

  it("grows with everything it depends on", () => {
    const { totalBytes } = estimateMemory(plan);
    const more = [
      { states: 1e6 },
      { batch: 17 },
      { tokens: 33 },
      { models: { base: smol, tuned: { ...smol, vocab: 5e6 } } },
    ];
    for (const change of more) {
      expect(estimateMemory({ ...plan, ...change }).totalBytes).toBeGreaterThan(totalBytes);
    }
  });

  it("that suffices is not an error", () => {
    checkMemory(estimateMemory(plan), machine(2, estimateMemory(plan).totalBytes));
  });

  it("above what the machine has is refused, with the parts and what to reduce", () => {
    const error = thrown(() => {
      checkMemory(estimateMemory({ ...plan, batch: 4096 }), machine(2, 2e9));
    });
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({
      exitCode: 5,
      code: "MEMORY",
      message: "not enough memory",
      expected: "at most 2.0 GB (installed memory)",
      found:
        "an estimate of 34 GB: activations 33 GB, weights 1.1 GB, program 300 MB, captured states 29 MB",
      hint: "use a smaller --batch",
    });
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [9_960, "10 kB"],
    [999_600, "1.0 MB"],
    [1.25e9, "1.3 GB"],
    [128e9, "128 GB"],
  ])("of %d bytes is printed as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
