/** @file `mas-audit report` with views, other gates and a baseline; `mas-audit init`. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { initCommand } from "../../src/cli/init-command.js";
import { parsePolicyFile } from "../../src/cli/policy-file.js";
import { policyTemplate } from "../../src/cli/policy-template.js";
import { readAuditOptions } from "../../src/cli/read-options.js";
import { reportCommand } from "../../src/cli/report-command.js";
import { freezeOptions } from "../../src/plan/options.js";
import { parseResult, serialiseResult } from "../../src/report/result-text.js";
import { DEFAULT_POLICY, policySchema } from "../../src/verdict/policy.js";
import { storedRun } from "../support/stored-run.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { run, type Ran } from "./run.js";

const folder = temporaryFolder();

function put(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const stored = storedRun();
const path = put("result.json", serialiseResult(stored));

function report(...args: readonly string[]): Promise<Ran> {
  return run(["report", ...args], { report: reportCommand });
}

describe("--format", () => {
  it.each([
    ["markdown", /^## mas-audit: inconclusive\n/],
    ["junit", /^<\?xml version="1.0"/],
    ["sarif", /^\{\n {2}"\$schema": "https:\/\/json.schemastore.org\/sarif-2.1.0.json"/],
    ["json", /^\{\n {2}"schema": "mas-audit\/result@1"/],
    ["html", /^<!doctype html>/],
    ["terminal", /^INCONCLUSIVE /],
  ])("%s is all that stands on stdout", async (format, start) => {
    expect(await report(path, "--format", format)).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringMatching(start) as string,
    });
  });

  it("json is what --json prints, but for the command", async () => {
    const [a, b] = await Promise.all([report(path, "--format", "json"), report(path, "--json")]);
    const plain = (text: string): unknown => ({ ...parseResult(text), manifest: undefined });
    expect(plain(a.stdout)).toEqual(plain(b.stdout));
  });
});

describe("--also", () => {
  it("writes the views beside the result, and their folder may be replaced", async () => {
    const out = join(folder, "also");
    for (const more of [[], ["--force"]])
      expect((await report(path, "--quiet", "--out", out, "--also", "sarif,markdown,sarif", ...more)).exitCode).toBe(0); // prettier-ignore
    expect(readdirSync(out).sort()).toEqual(["report.html", "report.md", "report.sarif", "result.json"]); // prettier-ignore
  });
});

describe("--fail-on", () => {
  it.each([
    ["inconclusive", 1],
    ["fails,lost", 0],
    ["nothing", 0],
    ["absent, fails", 1],
  ])("%s: exit code %i, and the result says by what it was judged", async (words, exitCode) => {
    const ran = await report(path, "--fail-on", words, "--json");
    expect(ran.exitCode).toBe(exitCode);
    const expected = words === "nothing" ? [] : words.split(",").map((word) => word.trim());
    expect(parseResult(ran.stdout).policy.closesGate).toEqual(expected);
  });

  it("says better than a policy file what closes the gate", async () => {
    const policy = put("open.yaml", "ratio: 0.95\ncloses" + "Gate: []\n");
    expect((await report(path, "--policy", policy, "--quiet")).exitCode).toBe(0);
    const ran = await report(path, "--policy", policy, "--fail-on", "fails", "--json");
    expect(ran.exitCode).toBe(1);
    expect(parseResult(ran.stdout).policy).toMatchObject({ ratio: 0.95, closesGate: ["fails"] });
  });
});

describe("--baseline", () => {
  const worse = { ...stored, cells: stored.cells.map((each, i) => (i === 1 ? { ...each, trials: stored.cells[0]!.trials } : each)) }; // prettier-ignore
  const baseline = put("old.json", serialiseResult(worse));

  it("is compared with, and closes the gate only where the policy says so", async () => {
    const ran = await report(path, "--baseline", baseline, "--json");
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    const { comparison, manifest } = parseResult(ran.stdout);
    expect(comparison?.variables.map(({ change }) => change)).toEqual(["worse", "same"]);
    expect(manifest.timing.judgedAgain?.paths["baseline"]).toBe(baseline);
    const strict = put("strict.yaml", "regressions: fail\n");
    const closed = await report(path, "--baseline", baseline, "--policy", strict, "--json");
    expect(closed.exitCode).toBe(1);
    expect(parseResult(closed.stdout).reasons[0]).toContain("worse than the baseline: v (a)");
    // stored with its comparison, it is judged again to the same
    const again = await report(put("closed.json", closed.stdout), "--json");
    expect(again).toMatchObject({ exitCode: 1, stderr: "" });
    expect(parseResult(again.stdout).comparison).toEqual(parseResult(closed.stdout).comparison);
    // without a baseline the policy has nothing to say, and says so
    expect((await report(path, "--policy", strict, "--format", "terminal")).stdout).toContain("NO_BASELINE"); // prettier-ignore
  });

  it("is shown on the terminal, and in no line of more than 80 columns", async () => {
    const { stdout } = await report(path, "--baseline", baseline);
    expect(stdout).toContain("Against the baseline: 1 worse, 1 the same");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("of other variables is refused by name", async () => {
    const rename = <T extends { readonly audit: string }>(each: T): T => ({ ...each, audit: "z" });
    const other = {
      ...stored,
      audits: stored.audits.map(rename),
      variables: stored.variables.map(rename),
      cells: stored.cells.map((each) => ({ ...each, cell: rename(each.cell) })),
    };
    const ran = await report(path, "--baseline", put("z.json", serialiseResult(other)));
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toContain('BASELINE_UNRELATED the baseline has nothing to compare with: expected a result with one of "v (a)", "w (a)", found "v (z)", "w (z)"'); // prettier-ignore
  });
});

describe("waivers from day to day", () => {
  it("that are over close the gate again, and the file is not called edited", async () => {
    const policy = policySchema.parse({
      closesGate: ["inconclusive"],
      waivers: [{ variable: "v", reason: "known", expires: "2026-03-04" }],
    });
    // judged on the day on which the run started, when the waiver held
    const held = storedRun(policySchema.parse({ closesGate: ["inconclusive"] }));
    const { judge } = await import("../../src/verdict/run.js");
    const words = judge(held, policy, { today: "2026-03-04" });
    expect(words.verdict).toBe("pass");
    const ran = await report(put("held.json", serialiseResult({ ...held, ...words })), "--json");
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toBe("run: pass → fail\n");
    expect(ran.stdout).toContain("no longer waived since 2026-03-04 is over: known");
  });
});

describe("a mistake on the command line", () => {
  it.each([
    ["report r --format pdf", 'BAD_OPTION --format: expected "terminal", "markdown", "junit", "sarif", "json" or "html", found "pdf"\n'], // prettier-ignore
    ["report r --also sarif", "BAD_OPTION --also: expected --out beside it, found no --out\n"],
    ["report r --out o --also serif", 'BAD_OPTION --also: expected words of "markdown", "junit" or "sarif", joined by commas, found "serif"\n  hint  did you mean "sarif"?\n'], // prettier-ignore
    ["report r --fail-on fials", 'BAD_OPTION --fail-on: expected words of "fails", "lost", "moved", "gained", "transfers", "absent", "inconclusive", "not-measurable" or "nothing", joined by commas, found "fials"\n  hint  did you mean "fails"?\n'], // prettier-ignore
    ["report r --fail-on nothing,lost", 'BAD_OPTION --fail-on: expected no other word beside "nothing", found "nothing,lost"\n'], // prettier-ignore
  ])("%j is stated, and nothing runs", async (line, text) => {
    const ran = await run(line.split(" "));
    expect({ ...ran, stderr: ran.stderr.split("\n").sort() }).toEqual({ exitCode: 2, stdout: "", stderr: text.split("\n").sort(), calls: [] }); // prettier-ignore
  });

  it("two ways to name what is printed are one too many", async () => {
    const { exitCode, stderr } = await run(["report", "r", "--format", "sarif", "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "BAD_OPTION", message: "--json", expected: "no --format sarif beside it" },
    });
  });

  it("of the audit is the same, and what is right is frozen", () => {
    const raw = { failOn: ["fails,lost"], baseline: ["old.json"], also: ["markdown,junit"] };
    expect(freezeOptions(readAuditOptions({ base: "a", tuned: "b" }, raw))).toMatchObject({
      failOn: ["fails", "lost"],
      baseline: "old.json",
      also: ["markdown", "junit"],
    });
    expect(() => readAuditOptions({ base: "a", tuned: "b" }, { also: ["html"] })).toThrow("--also");
  });
});

describe("mas-audit init", () => {
  it("writes a policy that means every default, with every key explained", () => {
    const text = policyTemplate();
    expect(parsePolicyFile(text, "p.yaml")).toEqual(DEFAULT_POLICY);
    expect(Object.keys(parse(text) as object)).toEqual(Object.keys(policySchema.shape));
    for (const [, schema] of Object.entries(policySchema.shape)) {
      const [start = ""] = schema.description!.split(" (");
      expect(text.replace(/\n# /g, " ")).toContain(start.slice(0, 60));
    }
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it("shows entries that the schema takes as they stand, without their marks", () => {
    for (const key of ["allow", "waivers"] as const) {
      const [, example = ""] = new RegExp(`# For example:\n(# ${key}:\n(?:#   .*\n)+)`).exec(policyTemplate()) ?? []; // prettier-ignore
      const policy = parsePolicyFile(example.replace(/^# /gm, ""), "p.yaml");
      expect(policy[key]).toHaveLength(1);
      const keys = ["audit", "variable", "layers", "roles", "verdicts", "reason"];
      expect(Object.keys(policy[key][0]!)).toEqual(key === "allow" ? keys : [...keys, "expires"]);
    }
  });

  it("never writes over anything", async () => {
    const init = (file: string): Promise<Ran> =>
      run(["init", file], { init: (name, io) => Promise.resolve(initCommand(name, io)) });
    const file = join(folder, "new.yaml");
    expect(await init(file)).toMatchObject({ exitCode: 0, stdout: `${file}\n`, stderr: "" });
    expect(readFileSync(file, "utf8")).toBe(policyTemplate());
    writeFileSync(file, "mine");
    expect(await init(file)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("OUTPUT_EXISTS the policy file exists already") as string,
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    mkdirSync(join(folder, "dir"));
    expect((await init(join(folder, "dir"))).exitCode).toBe(2);
    expect((await init(join(folder, "no/such/p.yaml"))).exitCode).toBe(5);
    expect(existsSync(join(folder, "no"))).toBe(false);
  });
});
