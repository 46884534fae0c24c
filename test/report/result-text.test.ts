import { describe, expect, it } from "vitest";

import { MasAuditError } from "../../src/errors.js";
import { parseResult, serialiseResult } from "../../src/report/result-text.js";
import { resultJsonSchema, type Result } from "../../src/report/schema.js";
import { judge } from "../../src/verdict/run.js";
import { sampleResult } from "../support/sample-result.js";

const text = serialiseResult(sampleResult());

describe("result.json", () => {
  it("reads back as what was written", () => {
    expect(parseResult(text)).toEqual(sampleResult());
  });

  it("is the same bytes for equal content", () => {
    expect(serialiseResult(parseResult(text))).toBe(text);
    expect(serialiseResult(sampleResult())).toBe(text);
  });

  it("keeps the names that others rely on", () => {
    const result = JSON.parse(text) as Record<string, unknown>;
    expect(result).toMatchObject({ schema: "mas-audit/result@1", verdict: "fail", manifest: { timing: {} } }); // prettier-ignore
    const site = parseResult(text).variables[0]!.sites[0]!;
    expect(Object.keys(site)).toEqual(
      expect.arrayContaining(["layer", "role", "k", "verdict", "labels", "iia", "null", "ratio", "controls", "reasons"]), // prettier-ignore
    );
  });

  it("can be judged again, to the same words, without a model", () => {
    const { audits, cells, policy, variables } = parseResult(text);
    expect(judge({ audits, cells }, policy).variables).toEqual(variables);
  });

  it("holds what may differ between identical runs under manifest.timing only", () => {
    const later = structuredClone(sampleResult()) as { -readonly [K in keyof Result]: Result[K] };
    later.manifest = {
      ...later.manifest,
      timing: { ...later.manifest.timing, startedAt: "2030-01-01T00:00:00Z", elapsedMs: 1 },
    };
    const strip = (of: string): string => of.slice(0, of.indexOf('"timing"'));
    expect(strip(serialiseResult(later))).toBe(strip(text));
  });

  it("exports itself as JSON Schema with every name required that has no excuse", () => {
    const schema = resultJsonSchema();
    expect(schema).toMatchObject({ title: "mas-audit/result@1", type: "object", additionalProperties: false }); // prettier-ignore
    expect(schema["required"]).toEqual(expect.arrayContaining(["schema", "verdict", "variables", "preflight", "manifest"])); // prettier-ignore
  });
});

describe("a planted error in result.json", () => {
  const faults: readonly (readonly [string, (of: Draft) => void, string])[] = [
    ["a wrong verdict word", (of) => (of.variables[0]!["verdict"] = "passes"), 'variables[0].verdict: expected one of "fails"|'], // prettier-ignore
    ["a missing part", (of) => delete of["preflight"], "preflight: expected array, found nothing"],
    ["an unknown name", (of) => (of["score"] = 1), '(top level): expected no name "score"'],
    ["an outcome that is no bit", (of) => (of.cells[0]!.trials[0]!.noIntervention["base"] = "012"), 'cells[0].trials[0].noIntervention.base: expected one 0 or 1 per trial, found "012"'], // prettier-ignore
    ["a later format", (of) => (of["schema"] = "mas-audit/result@2"), 'schema: expected "mas-audit/result@1", found "mas-audit/result@2"'], // prettier-ignore
    ["a threshold left out", (of) => delete of.policy["tau"], "policy.tau: expected number, found nothing"], // prettier-ignore
    ["a digest cut short", (of) => (of.manifest.inputs[0]!.sha256 = "abc"), 'manifest.inputs[0].sha256: expected 64 hexadecimal digits, found "abc"'], // prettier-ignore
  ];

  it.each(faults)("is named with its place: %s", (_, plant, message) => {
    const draft = JSON.parse(text) as Draft;
    plant(draft);
    expect(foundIn(() => parseResult(JSON.stringify(draft)))).toContain(message);
  });

  it("is listed with the others of the file", () => {
    const draft = JSON.parse(text) as Draft;
    draft["verdict"] = "good";
    draft["warnings"] = "none";
    const found = foundIn(() => parseResult(JSON.stringify(draft)));
    expect(found.split("\n")).toHaveLength(2);
  });

  it("is not repaired by the writer: NaN stops it", () => {
    const result = structuredClone(sampleResult());
    const broken = { ...result, preflight: [{ ...result.preflight[0]!, value: NaN }] };
    expect(() => serialiseResult(broken)).toThrow(/preflight\[0\]\.value: expected number, found NaN/); // prettier-ignore
  });

  it("is reported as such when the file is cut off", () => {
    expect(() => parseResult(text.slice(0, 5000))).toThrow("this file is not JSON");
  });
});

/** As loosely typed as a file on disk. */
type Draft = Record<string, unknown> & {
  variables: Record<string, unknown>[];
  cells: { trials: { noIntervention: Record<string, string> }[] }[];
  policy: Record<string, unknown>;
  manifest: { inputs: { sha256: string }[] };
};

function foundIn(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof MasAuditError) return error.found ?? "";
    throw error;
  }
  throw new Error("nothing was thrown");
}
