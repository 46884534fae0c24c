/** @file Markdown, JUnit and SARIF: valid, escaped, and of one mind with the gate. */
import fc from "fast-check";
import type { Log } from "sarif";
import { describe, expect, it } from "vitest";
import { compareResults } from "../../src/report/baseline.js";
import { completeJudgement } from "../../src/report/complete-judgement.js";
import { renderJunit } from "../../src/report/junit.js";
import { escapeMarkdown } from "../../src/report/markdown-escape.js";
import { MOST_CHARACTERS, renderMarkdown } from "../../src/report/markdown.js";
import { printableLine } from "../../src/report/printable.js";
import { renderSarif } from "../../src/report/sarif.js";
import type { Result } from "../../src/report/schema.js";
import { xmlText } from "../../src/report/xml-text.js";
import { policySchema, type Policy } from "../../src/verdict/policy.js";
import { VERDICT_WORDS } from "../../src/verdict/verdicts.js";
import { judge } from "../../src/verdict/run.js";
import { junitMistakes } from "../support/junit-xsd.js";
import { sampleResult } from "../support/sample-result.js";
import { sarifMistakes } from "../support/sarif-schema.js";
import { storedRun } from "../support/stored-run.js";

const sample = sampleResult();

/** The sample judged by another policy; few draws, because no view decides by them. */
function judged(policy: unknown, of: Result = sample): Result {
  const rules: Policy = policySchema.parse(policy);
  return completeJudgement({ ...of, ...judge(of, rules, { draws: 2, today: "2026-03-04" }) }, {});
}

const RESULTS: readonly (readonly [string, Result])[] = [
  ["a closed gate", sample],
  ["an open one", judged({ closesGate: [] })],
  ["everything waived", judged({ waivers: [{ reason: "known", expires: "2026-03-04" }] })],
  ["waivers that are over", judged({ waivers: [{ reason: "known", expires: "2026-03-03" }] })],
  ["one layer allowed", judged({ allow: [{ layers: [28], reason: "known" }] })],
  ["every word closing", judged({ closesGate: [...VERDICT_WORDS] })],
  ["a regression that closes", withRegression("fail")],
  ["a regression that does not", withRegression("ignore")],
  ["no variable", { ...sample, variables: [], cells: [], audits: [], verdict: "inconclusive" }],
];

/** An open gate, compared with a result in which the ratio was met everywhere. */
function withRegression(regressions: Policy["regressions"]): Result {
  const now = storedRun(policySchema.parse({ regressions, closesGate: [] }));
  const [first, weak, ...others] = now.cells;
  const before = { ...now, cells: [first!, { ...weak!, trials: first!.trials }, ...others] };
  return completeJudgement(now, { baseline: before });
}

type Finding = NonNullable<Log["runs"][number]["results"]>[number];

const sarif = (result: Result, root?: string): Log =>
  JSON.parse(renderSarif(result, root === undefined ? {} : { root })) as Log;

const findings = (log: Log): readonly Finding[] => log.runs[0]!.results!;

describe.each(RESULTS)("%s", (_name, result) => {
  const isClosed = result.verdict === "fail";

  it("is valid SARIF 2.1.0, with an unsuppressed error exactly where the gate is closed", () => {
    const log = sarif(result);
    expect(sarifMistakes(log)).toEqual([]);
    const loud = findings(log).filter(
      ({ level, suppressions }) => level === "error" && suppressions === undefined,
    );
    expect(loud.length > 0).toBe(isClosed);
    const prints = findings(log).map((each) => JSON.stringify(each.partialFingerprints));
    expect(new Set(prints).size).toBe(prints.length);
  });

  it("is valid JUnit XML, with a failure exactly where the gate is closed", async () => {
    const xml = renderJunit(result);
    expect(await junitMistakes(xml)).toEqual([]);
    expect(xml.includes("<failure")).toBe(isClosed);
    const count = (what: RegExp): number => xml.match(what)?.length ?? 0;
    const total = (name: string): number =>
      [...xml.matchAll(new RegExp(` ${name}="(\\d+)"`, "g"))].reduce((sum, [, n]) => sum + Number(n), 0); // prettier-ignore
    expect(total("tests")).toBe(count(/<testcase /g));
    expect(total("failures")).toBe(count(/<failure /g));
    expect(total("skipped")).toBe(count(/<skipped /g));
  });

  it("says the verdict of the run first in Markdown", () => {
    const text = renderMarkdown(result);
    expect(text).toMatch(/^## mas-audit: (pass|fail|inconclusive|not measurable)\n/);
    expect(text.startsWith("## mas-audit: fail")).toBe(isClosed);
    for (const tag of ["details", "summary"])
      expect(text.split(`<${tag}>`).length).toBe(text.split(`</${tag}>`).length);
  });
});

describe("what is waived says so in every view, with its day and reason", () => {
  const result = judged({ waivers: [{ reason: "known", expires: "2026-03-04" }] });

  it.each([
    ["Markdown", renderMarkdown],
    ["JUnit", renderJunit],
    ["SARIF", (of: Result) => renderSarif(of)],
  ] as const)("%s", (_name, render) => {
    expect(render(result)).toContain("waived until 2026-03-04: known");
  });

  it("and SARIF marks every finding of it as suppressed", () => {
    const results = findings(sarif(result)).filter(({ level }) => level !== "note");
    expect(results.length).toBeGreaterThan(0);
    for (const each of results) expect(each.suppressions).toHaveLength(1);
  });
});

describe("SARIF names model files", () => {
  const place = (path: string, root?: string): string | undefined => {
    const { timing } = sample.manifest;
    const moved = { ...timing, paths: { ...timing.paths, "tuned model": path } };
    const result = { ...sample, manifest: { ...sample.manifest, timing: moved } };
    const [first] = findings(sarif(result, root));
    expect(sarifMistakes(sarif(result, root))).toEqual([]);
    return first!.locations![0]!.physicalLocation?.artifactLocation?.uri;
  };

  it.each([
    ["/repo/models/a b.onnx", "/repo", "models/a%20b.onnx"],
    ["/elsewhere/model.onnx", "/repo", "file:///elsewhere/model.onnx"],
    ["/repository/model.onnx", "/repo", "file:///repository/model.onnx"],
    ["models/#1?.onnx", undefined, "models/%231%3F.onnx"],
    ["C:\\models\\m.onnx", undefined, "file:///C%3A/models/m.onnx"],
  ])("%s from %s as %s", (path, root, uri) => {
    expect(place(path, root)).toBe(uri);
  });
});

/** Everything that could break out of a view, in names, reasons and messages. */
const HOSTILE =
  '"><script>alert(1)</script> ]]> & &amp; `x` | [a](http://evil) ![i](u) @someone #12 GH-3 www.x.org <!-- \u0000\u001b[31m\u202e \ud800 \ufffe\n# h\n- l';

function hostile(): Result {
  const change = <T extends { readonly audit: string; readonly variable: string }>(each: T): T => ({
    ...each,
    audit: each.audit + HOSTILE,
    variable: each.variable + HOSTILE,
  });
  return {
    ...sample,
    variables: sample.variables.map((each) => ({
      ...change(each),
      reasons: [HOSTILE],
      sites: each.sites.map((site) => ({ ...site, role: HOSTILE, reasons: [HOSTILE] })),
    })),
    notTested: [HOSTILE],
    warnings: [{ code: "X", message: HOSTILE, hint: HOSTILE }],
  };
}

describe("hostile names", () => {
  it("stay valid SARIF", () => {
    expect(sarifMistakes(sarif(hostile()))).toEqual([]);
  });

  it("stay valid JUnit XML, with what XML forbids shown", async () => {
    const xml = renderJunit(hostile());
    expect(await junitMistakes(xml)).toEqual([]);
    expect(xml).toContain("\\u0000\\u001b[31m\\u202e \\ud800 \\ufffe");
  });

  it("are text in Markdown", () => {
    const text = renderMarkdown(hostile());
    expect(text).not.toMatch(/<script|<!--|@someone|(?<!&)#12|http:\/\/|www\.|\]\(|GH-3/);
    expect(text).not.toMatch(/^(?:# h|- l)/m);
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    // no name adds a column: 8 layers with the name, or the 7 columns of the details
    for (const row of rows) expect([10, 11, 8, 9]).toContain(row.split("|").length);
  });

  it("in Markdown lose no sign: decoded, the text is what was shown", () => {
    const decode = (text: string): string =>
      text
        .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
        .replaceAll("\u2060", "");
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        fc.pre(!text.includes("\u2060"));
        const escaped = escapeMarkdown(text);
        expect(decode(escaped)).toBe(decode(printableLine(text)).replaceAll("\u2060", ""));
        expect(escaped.replace(/&#\d+;/g, "")).not.toMatch(/[&<>|`*_[\]\\~#@$]/);
      }),
    );
  });

  it("in XML hold only what the format can hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const found = Array.from(xmlText(text)).every((sign) => {
          const code = sign.codePointAt(0)!;
          return code === 9 || code === 10 || (code >= 32 && code < 0xd800) || (code > 0xdfff && code < 0xfffe) || code > 0xffff; // prettier-ignore
        });
        expect(found).toBe(true);
      }),
    );
  });
});

describe("Markdown fits a comment", () => {
  const many = (copies: number): Result => ({
    ...sample,
    variables: Array.from({ length: copies }, (_, i) =>
      sample.variables.map((each) => ({ ...each, variable: `${each.variable}-${i}` })),
    ).flat(),
  });

  it.each([1, 5, 20, 200])("also %i times the size", (copies) => {
    const text = renderMarkdown(many(copies));
    expect(text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(text.includes("do not fit")).toBe(copies > 5);
    expect(text).toContain("## mas-audit: fail");
  });
});

it("a validator that accepts anything would be noticed", async () => {
  expect(sarifMistakes({ version: "2.1.0", runs: [{ results: [] }] })).not.toEqual([]);
  const xml = renderJunit(sample).replace('errors="0" ', "");
  expect(await junitMistakes(xml)).not.toEqual([]);
});

it("the comparison of a result with itself changes nothing in any view's verdict", () => {
  const comparison = compareResults(sample, sample);
  expect(renderMarkdown({ ...sample, comparison })).toContain("4 the same");
});
