/** @file A result against an earlier one: worse, better, the same, new, gone; by words, then by figures. */
import { describe, expect, it } from "vitest";
import { worseVariables, compareResults } from "../../src/report/baseline.js";
import { parseResult, serialiseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import type { CellMeasures } from "../../src/measure/measures.js";
import { mcnemar } from "../../src/stats/mcnemar.js";
import { judge } from "../../src/verdict/run.js";
import { policySchema } from "../../src/verdict/policy.js";
import { storedRun } from "../support/stored-run.js";
import { all, GOOD, NOTHING, plantCell } from "../verdict/planted.js";

const run = storedRun();

/** The stored run with other cells, judged anew. */
function withCells(cells: readonly CellMeasures[], of: Result = run): Result {
  return { ...of, cells, ...judge({ audits: of.audits, cells }, of.policy, { draws: 2 }) };
}

const at = (rate: number): object => ({ ...GOOD, iia: { ...all(0.96), "base→tuned": rate } });
/** `v` with this rate from base to tuned at layer 4, and `w` absent. */
const rated = (rate: number): Result =>
  withCells([plantCell(at(rate)), plantCell(NOTHING, { variable: "w" })]);

describe("a result against itself", () => {
  const comparison = compareResults(run, run);

  it("changed nowhere", () => {
    expect(comparison.variables.map(({ change }) => change)).toEqual(["same", "same"]);
    const sites = comparison.variables.flatMap(({ sites }) => sites);
    expect(sites.map(({ change }) => change)).toEqual(["same", "same", "same"]);
    for (const { difference, p } of sites.flatMap(({ figures }) => figures))
      expect({ value: difference.kind === "value" && difference.value, p }).toEqual({ value: 0, p: 1 }); // prettier-ignore
    expect(comparison.remarks.map(({ code }) => code)).toEqual(["BASELINE_SAME_MEASURES"]); // prettier-ignore
  });

  it("is kept in the result and reads back", () => {
    const stored = { ...run, comparison };
    expect(parseResult(serialiseResult(stored))).toEqual(stored);
  });
});

describe("worse and better", () => {
  it.each([
    [0.96, 0.5, "worse", "transfers → fails"],
    [0.5, 0.96, "better", "fails → transfers"],
    [0.96, 0.92, "worse", "transfers → transfers"],
    [0.92, 0.96, "better", "transfers → transfers"],
    [0.96, 0.95, "same", "transfers → transfers"],
  ])("%s → %s is %s (%s)", (before, after, change, words) => {
    const [found] = compareResults(rated(after), rated(before)).variables;
    expect([found!.change, `${found!.before} → ${found!.after}`]).toEqual([change, words]);
    expect(found!.sites[0]!.change).toBe(change);
  });

  it("turn into each other when the results change places, with opposite differences", () => {
    const [down] = compareResults(rated(0.88), rated(0.96)).variables;
    const [up] = compareResults(rated(0.96), rated(0.88)).variables;
    const valueOf = (of: typeof down): number | false => {
      const difference = of!.sites[0]!.figures[0]!.difference;
      return difference.kind === "value" && difference.value;
    };
    expect(valueOf(down)).toBe(-Number(valueOf(up)));
    expect([down!.change, up!.change]).toEqual(["worse", "better"]);
  });

  it("are paired by McNemar's test on the same trials, trial by trial", () => {
    const [before, after] = [rated(0.96), rated(0.88)];
    const figure = compareResults(after, before).variables[0]!.sites[0]!.figures[0]!;
    const row = (of: Result): string => of.cells[0]!.trials[0]!.iia["base→tuned"]!;
    expect(figure).toMatchObject({ paired: true, test: "McNemar, exact", p: mcnemar(row(after), row(before)).p }); // prettier-ignore
    expect(figure.adjustedP).toBe(figure.p * 4); // Holm over four figures, this one the smallest
  });

  it("keep the worst of a variable's sites", () => {
    const two = (a: number, b: number): Result =>
      withCells([plantCell(at(a)), plantCell(at(b), { layer: 8 }), plantCell(NOTHING, { variable: "w" })]); // prettier-ignore
    const comparison = compareResults(two(0.96, 0.84), two(0.84, 0.96));
    expect(comparison.variables[0]!.sites.map(({ change }) => change)).toEqual(["better", "worse"]);
    expect(worseVariables(comparison).map(({ variable }) => variable)).toEqual(["v"]);
  });
});

describe("what stands on one side only", () => {
  const without = withCells(run.cells.slice(0, 1), { ...run, audits: run.audits.slice(0, 1) });

  it("is new", () => {
    const { variables } = compareResults(run, without);
    expect(variables.map(({ change }) => change)).toEqual(["same", "new"]);
    expect(variables[0]!.sites.map(({ change }) => change)).toEqual(["same", "new"]);
  });

  it("is gone", () => {
    const { variables } = compareResults(without, run);
    expect(variables.map(({ variable, change }) => [variable, change])).toEqual([["v", "same"], ["w", "gone"]]); // prettier-ignore
    expect(variables[0]!.sites.map(({ change }) => change)).toEqual(["same", "gone"]);
  });
});

describe("trials are paired only where they are the same", () => {
  const before = rated(0.96);
  const changed = (
    change: (manifest: Result["manifest"]) => Partial<Result["manifest"]>,
  ): Result => {
    const after = rated(0.5);
    return { ...after, manifest: { ...after.manifest, ...change(after.manifest) } };
  };
  const isPaired = (after: Result): boolean | undefined =>
    compareResults(after, before).variables[0]!.sites[0]!.figures[0]?.paired;

  it.each<[string, Result, boolean]>([
    ["nothing", changed(() => ({})), true],
    ["the tuned model", changed(({ inputs }) => ({ inputs: [inputs[0]!, { ...inputs[1]!, sha256: "9".repeat(64) }] })), true], // prettier-ignore
    ["the base model", changed(({ inputs }) => ({ inputs: [{ ...inputs[0]!, sha256: "9".repeat(64) }, inputs[1]!] })), false], // prettier-ignore
    ["the audit", changed(({ audits }) => ({ audits: audits.map((each) => ({ ...each, sha256: "9".repeat(64) })) })), false], // prettier-ignore
    ["the seed", changed(() => ({ seed: 1 })), false],
    ["the tokenizer", changed(() => ({ tokenizer: "9".repeat(64) })), false],
    ["the number of items", changed(() => ({ options: { pairs: 300, items: 7 } })), false],
  ])("after a change of %s", (_name, after, paired) => {
    expect(isPaired(after)).toBe(paired);
    expect(compareResults(after, before).variables[0]!.change).toBe("worse");
  });

  it("or not, when the trials themselves differ", () => {
    const [first, ...others] = before.cells;
    const trials = first!.trials.map((each) => ({ ...each, source: each.target }));
    expect(isPaired({ ...before, cells: [{ ...first!, trials }, ...others] })).toBe(false);
  });
});

describe("what makes two results hard to compare is said", () => {
  const codes = (after: Result, before: Result): readonly string[] =>
    compareResults(after, before).remarks.map(({ code, message }) => `${code} ${message}`);

  it("another base", () => {
    const [, tuned] = run.manifest.inputs;
    const inputs = [{ role: "base model", sha256: "9".repeat(64), bytes: 10 }, tuned!];
    const other = { ...rated(0.9), manifest: { ...run.manifest, inputs } };
    expect(codes(other, run).join("\n")).toContain("BASELINE_OTHER_BASE the baseline was measured against another base model"); // prettier-ignore
  });

  it("another policy: both are judged by the newer one", () => {
    const loose = storedRun(policySchema.parse({ ratio: 0.5 }));
    expect(codes(run, loose).join("\n")).toContain("BASELINE_OTHER_POLICY both are judged by the policy of this result: ratio 0.5 → 0.8"); // prettier-ignore
    expect(compareResults(run, loose).variables.map(({ before }) => before)).toEqual(run.variables.map(({ verdict }) => verdict)); // prettier-ignore
  });

  it("another k: the only site of a place is compared all the same", () => {
    const wide = withCells([plantCell(GOOD, { k: 3 }), plantCell(NOTHING, { variable: "w" })]);
    const measured = { ...wide, manifest: { ...wide.manifest, k: 3 } };
    const comparison = compareResults(measured, rated(0.96));
    expect(comparison.remarks.map(({ message }) => message)).toContain("measured otherwise: k 1 → 3"); // prettier-ignore
    expect(comparison.variables[0]!.sites[0]).toMatchObject({ k: 3, kBefore: 1, change: "same" });
  });

  it("nothing in common", () => {
    const strangers = run.audits.map((each) => ({ ...each, audit: "z" }));
    const cells = run.cells.map((each) => ({ ...each, cell: { ...each.cell, audit: "z" } }));
    const other = withCells(cells, { ...run, audits: strangers });
    expect(codes(run, other)[0]).toBe("BASELINE_UNRELATED the baseline has no variable of this result"); // prettier-ignore
  });
});

it("thousand comparisons of the same rate on other trials call few of them changed", () => {
  // each is one figure at .05, two-sided and conservative: 1000 · .05 + 4·√(1000·.05·.95) = 78
  let changed = 0;
  let state = 1;
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 1000; i++) {
    const draw = (): string =>
      Array.from({ length: 100 }, () => (next() < 0.8 ? "1" : "0")).join("");
    if (mcnemar(draw(), draw()).p < 0.05) changed++;
  }
  expect(changed).toBeLessThan(78);
});
