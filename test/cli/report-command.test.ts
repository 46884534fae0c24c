/** @file `mas-audit report`: stored measures judged again, without a model. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { reportCommand } from "../../src/cli/report-command.js";
import { parseResult, serialiseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import { renderTerminal } from "../../src/report/terminal.js";
import { policySchema } from "../../src/verdict/policy.js";
import { storedRun } from "../support/stored-run.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { run, type Ran } from "./run.js";

const folder = temporaryFolder();
const path = join(folder, "run", "result.json");
const stored = storedRun();

/** Writes a result, by default the stored one, and returns its path. */
function put(name: string, content: string = serialiseResult(stored)): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

put("run/result.json");

function report(...args: readonly string[]): Promise<Ran> {
  return run(["report", ...args], { report: reportCommand });
}

/** The judged half, and the half that stays. */
function halves(result: Result): { readonly judged: unknown; readonly kept: unknown } {
  const { verdict, reasons, variables, multiplicity, policy, manifest, ...kept } = result;
  const { timing } = manifest;
  return {
    judged: { verdict, reasons, variables, multiplicity, policy },
    kept: {
      ...kept,
      manifest: {
        ...manifest,
        judgedAgain: undefined,
        timing: { ...timing, judgedAgain: undefined },
      },
    },
  };
}

const sha256 = (content: string | Buffer): string =>
  createHash("sha256").update(content).digest("hex");

describe("a stored result under its own policy", () => {
  it("gives the same words, byte for byte, and keeps the rest", async () => {
    const { stdout, stderr, exitCode } = await report(path, "--json");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const again = parseResult(stdout);
    expect(halves(again)).toEqual(halves(stored));
    expect(serialiseResult({ ...again, manifest: stored.manifest })).toBe(serialiseResult(stored));
  });

  it("is printed as after the run", async () => {
    expect((await report(path)).stdout).toBe(renderTerminal(stored, { colour: false }));
  });

  it("is found by the name of its folder", async () => {
    expect((await report(dirname(path), "--json")).exitCode).toBe(0);
  });

  it("names the stored file by its digest, and what repeats in it by another", async () => {
    const timing = { ...stored.manifest.timing, elapsedMs: 77 };
    const later = { ...stored, manifest: { ...stored.manifest, timing } };
    const other = put("later.json", serialiseResult(later));
    const [a, b] = await Promise.all([report(path, "--json"), report(other, "--json")]);
    const [first, second] = [parseResult(a.stdout).manifest, parseResult(b.stdout).manifest];
    expect(first.timing.judgedAgain).toMatchObject({
      resultFile: sha256(readFileSync(path)),
      paths: { result: path },
      command: ["mas-audit", "report", path, "--json"],
    });
    expect(second.timing.judgedAgain?.resultFile).not.toBe(first.timing.judgedAgain?.resultFile);
    expect(second.judgedAgain).toEqual(first.judgedAgain);
  });

  it("that was edited is judged by its measures, and the words that stood there are told", async () => {
    const edited = { ...stored, verdict: "fail" as const };
    const { stderr, exitCode, stdout } = await report(
      put("edited.json", serialiseResult(edited)),
      "--json",
    );
    expect(exitCode).toBe(0);
    expect(parseResult(stdout).verdict).toBe("inconclusive");
    expect(stderr).toMatch(/^the stored words are not those that its measures give[^\n]*\nrun: fail → inconclusive\n$/); // prettier-ignore
  });
});

describe("another policy", () => {
  const strict = "ratio: 0.95\nclosesGate: [fails, lost]\n";
  const policy = put("strict.yaml", strict);

  it("gives other words to the same measures, although the models are gone", async () => {
    for (const each of Object.values(stored.manifest.timing.paths))
      expect(existsSync(each)).toBe(false);
    const { stdout, stderr, exitCode } = await report(path, "--policy", policy, "--json");
    const again = parseResult(stdout);
    expect(exitCode).toBe(1);
    expect([stored.verdict, again.verdict]).toEqual(["inconclusive", "fail"]);
    expect(halves(again).kept).toEqual(halves(stored).kept);
    const expected = storedRun(policySchema.parse({ ratio: 0.95 }));
    expect(halves(again).judged).toEqual(halves(expected).judged);
    expect(stderr).toBe(
      "policy ratio: 0.8 → 0.95\nrun: inconclusive → fail\nv (a): inconclusive → fails (1 of 2 sites changed)\n",
    );
  });

  it("is recorded with the digest of its file", async () => {
    const { manifest } = parseResult((await report(path, "--policy", policy, "--json")).stdout);
    expect(manifest.judgedAgain?.policy).toBe(sha256(strict));
    expect(manifest.timing.judgedAgain?.paths).toEqual({ result: path, policy });
  });

  it("and back again is where it started", async () => {
    const out = join(folder, "there");
    await report(path, "--policy", policy, "--out", out);
    const back = put("back.json", JSON.stringify(stored.policy));
    const { stdout } = await report(join(out, "result.json"), "--policy", back, "--json");
    expect(halves(parseResult(stdout))).toEqual(halves(stored));
  });

  it.each([
    ["fails", "closesGate: [fails]", 0],
    ["inconclusive", "closesGate: [inconclusive]", 1],
    ["not-measurable", "minPairs: 301\nclosesGate: [not-measurable]", 1],
    ["absent", "closesGate: [absent]", 1],
    ["nothing", "ratio: 0.95\nclosesGate: []", 0],
  ])("may let the gate be closed by %s", async (word, text, exitCode) => {
    expect(await report(path, "--quiet", "--policy", put(`${word}.yaml`, text))).toMatchObject({
      exitCode,
      stdout: "",
      stderr: "",
    });
  });

  it("may let a run pass that was undecided", async () => {
    const loose = put("loose.yaml", "ratio: 0.7");
    const { stdout } = await report(path, "--policy", loose, "--json");
    expect(parseResult(stdout)).toMatchObject({ verdict: "pass", reasons: ["transfers: v (a)", "absent: w (a)"] }); // prettier-ignore
  });

  it("that closes the gate exits 0 where that was asked for", async () => {
    const { exitCode } = await report(path, "--policy", policy, "--exit-zero", "--quiet");
    expect(exitCode).toBe(0);
  });
});

describe("--out", () => {
  it("writes result and report with the subspaces that are still there", async () => {
    put("with/result.json");
    put("with/cells/v4.safetensors", "P");
    const out = join(folder, "written");
    const { stdout, stderr } = await report(join(folder, "with"), "--out", out);
    expect(stderr).toContain("1 learned subspaces do not lie beside");
    expect(stdout).toContain("report.html");
    expect(readFileSync(join(out, "cells/v4.safetensors"), "utf8")).toBe("P");
    const { manifest } = parseResult(readFileSync(join(out, "result.json"), "utf8"));
    const printed = parseResult((await report(join(folder, "with"), "--json")).stdout);
    expect(manifest.judgedAgain).toEqual(printed.manifest.judgedAgain);
    expect(manifest.judgedAgain!.result).toMatch(/^[0-9a-f]{64}$/);
    const html = readFileSync(join(out, "report.html"), "utf8");
    expect(html).toContain("judged again");
  });

  it("replaces nothing unless asked, and nothing of others even then", async () => {
    const out = dirname(put("full/notes.txt", "mine"));
    for (const more of [[], ["--force"]])
      expect(await report(path, "--out", out, ...more)).toMatchObject({
        exitCode: 2,
        stdout: "",
        stderr: expect.stringContaining("OUTPUT_EXISTS") as string,
      });
    expect(readFileSync(join(out, "notes.txt"), "utf8")).toBe("mine");
  });

  it("may replace the result that was read, where asked", async () => {
    const own = dirname(put("own/result.json"));
    put("own/cells/v4.safetensors", "P");
    expect((await report(own, "--out", own)).stderr).toContain("OUTPUT_EXISTS");
    expect((await report(own, "--out", own, "--force")).exitCode).toBe(0);
    expect(existsSync(join(own, "cells/v4.safetensors"))).toBe(true);
  });

  it.each(["../secret", "cells/../../secret", "/etc/hostname", "cells/a/b"])(
    "copies no file that a result calls %j",
    async (tensors) => {
      put("secret", "s");
      const [first, ...others] = stored.cells;
      const learning = { ...first!.learning!, tensors };
      const draft = { ...stored, cells: [{ ...first!, learning }, ...others] };
      const hostile = put("hostile/result.json", serialiseResult(draft));
      const out = join(folder, "hostile-out");
      expect(await report(hostile, "--out", out)).toMatchObject({
        exitCode: 2,
        stderr: `RESULT_INVALID cells[0].learning.tensors: expected the name of a file in cells/, found ${JSON.stringify(tensors)}\n  at    ${hostile}\n`,
      });
      expect(existsSync(out)).toBe(false);
    },
  );
});

describe("a file that is no result is refused by name", () => {
  const text = serialiseResult(stored);
  const link = join(folder, "loop.json");
  symlinkSync(link, link);

  it.each([
    [
      "nothing there",
      (): string => join(folder, "none.json"),
      "RESULT_MISSING",
      "nothing at this path",
    ],
    ["a folder without one", (): string => dirname(put("empty/x")), "RESULT_MISSING", "nothing at this path"], // prettier-ignore
    [
      "a link to itself",
      (): string => link,
      "RESULT_MISSING",
      "a path that the system refuses (ELOOP)",
    ],
    ["a device", (): string => "/dev/zero", "RESULT_MISSING", "a device"],
    ["a cut file", (): string => put("cut.json", text.slice(0, 5000)), "RESULT_INVALID", "in JSON at position"], // prettier-ignore
    ["an empty file", (): string => put("empty.json", ""), "RESULT_INVALID", "Unexpected end of JSON input"], // prettier-ignore
    ["deep nesting", (): string => put("deep.json", "[".repeat(1e5)), "RESULT_INVALID", "nested deeper than 100 levels"], // prettier-ignore
    ["a key twice", (): string => put("twice.json", text.replace("{", '{"schema": "x",')), "RESULT_INVALID", 'the key "schema" twice'], // prettier-ignore
    ["another format", (): string => put("diff.json", '{"schema": "mas-audit/diff@1"}'), "RESULT_INVALID", 'schema: expected "mas-audit/result@1", found "mas-audit/diff@1"'], // prettier-ignore
  ] as const)("%s", async (_name, file, code, found) => {
    const { exitCode, stdout, stderr } = await report(file());
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr.startsWith(code)).toBe(true);
    expect(stderr).toContain(found);
    expect(stderr).toContain("\n  hint  ");
  });

  it("measures that contradict each other are told by place, all at once", async () => {
    const draft = structuredClone(stored) as {
      -readonly [K in keyof Result]: Result[K];
    };
    const [first, weak, other] = draft.cells as unknown as {
      cell: { variable: string };
      trials: { table: string; iia: Record<string, string> }[];
    }[];
    first!.trials[0]!.iia["base→tuned"] = "01";
    weak!.cell.variable = "x";
    other!.trials[0]!.table = "own";
    draft.cells = [...draft.cells, draft.cells[0]!];
    (draft.audits[1]!.natural.base.accuracy as { n: number }).n = 3;
    const { exitCode, stderr } = await report(put("odd.json", JSON.stringify(draft)));
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      "RESULT_INCONSISTENT measures of the result: 6 mistakes\n" +
        "  audits[1].natural.base.accuracy: expected at most as many hits as trials, found 485 of 3\n" +
        "  cells[3]: expected every entry once, found v (a), layer 4, last, k 1, seed 0 again, as in cells[0]\n" +
        "  cells[0].trials[0]: expected one outcome per trial in every row, found iia base→tuned of the causal table has 2 outcomes for 300 trials\n" +
        "  cells[1].cell: expected a variable that stands under audits, found x (a)\n" +
        "  cells[2].trials: expected the causal table, and each once, found own\n" +
        "  cells[3].trials[0]: expected one outcome per trial in every row, found iia base→tuned of the causal table has 2 outcomes for 300 trials\n" +
        `  at    ${join(folder, "odd.json")}\n`,
    );
  });
});

describe("a mistake on the command line", () => {
  it.each([
    ["report", "MISSING_ARGUMENT report: expected RESULT, found no RESULT\n  hint  run `mas-audit report --help`\n"], // prettier-ignore
    ["report r --force", "BAD_OPTION --force: expected --out beside it, found no --out\n"],
    ["report r --policy p --policy q", "BAD_OPTION --policy: expected to be given once, found 2 times\n"], // prettier-ignore
  ])("%j is stated, and nothing runs", async (line, text) => {
    const { exitCode, stderr, calls } = await run(line.split(" "));
    expect({ exitCode, stderr, calls }).toEqual({ exitCode: 2, stderr: text, calls: [] });
  });
});
