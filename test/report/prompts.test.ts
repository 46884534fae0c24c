import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";

import { findMeasureMistakes } from "../../src/report/measure-mistakes.js";
import { keepPrompts, quotedItems } from "../../src/report/prompts.js";
import { resultSchema } from "../../src/report/schema.js";
import { richResult } from "../support/rich-result.js";

const result = richResult([16, 24]);
const MARK = "The prompt of item";

describe("prompts in a result", () => {
  it("are those that examples name, and no others", () => {
    expect(resultSchema.safeParse(result).success).toBe(true);
    for (const audit of result.audits) {
      const items = quotedItems(audit, result.cells).map(String);
      expect(Object.keys(audit.prompts ?? {})).toEqual(items);
    }
    expect(result.audits.some(({ prompts }) => prompts !== undefined)).toBe(true);
  });

  it("stay as they are under full, and leave no text under hash or none", () => {
    expect(keepPrompts(result.audits, "full")).toEqual(result.audits);
    for (const rule of ["hash", "none"] as const) {
      expect(JSON.stringify(keepPrompts(result.audits, rule))).not.toContain(MARK);
    }
  });

  it("become the SHA-256 of their bytes under hash, and are gone under none", () => {
    const [item, prompt] = Object.entries(result.audits[0]!.prompts ?? {})[0]!;
    const text = "text" in prompt ? prompt.text : "";
    const sha256 = createHash("sha256").update(text).digest("hex");
    expect(keepPrompts(result.audits, "hash")[0]!.prompts?.[item]).toEqual({ sha256 });
    for (const audit of keepPrompts(result.audits, "none")) expect("prompts" in audit).toBe(false);
  });

  it("do not come back under a laxer rule", () => {
    const hashed = keepPrompts(result.audits, "hash");
    expect(keepPrompts(hashed, "full")).toEqual(hashed);
    expect(keepPrompts(hashed, "hash")).toEqual(hashed);
  });

  it("are told from a file whose example names a trial that hit, or none at all", () => {
    expect(findMeasureMistakes(result)).toEqual([]);
    const broken = {
      ...result,
      cells: result.cells.map((cell) => {
        if (cell.examples === undefined) return cell;
        const [, hits] = Object.entries(cell.trials[0]!.iia)[0]!;
        const failed = { trial: hits.indexOf("1"), answer: "a", expected: "b" };
        return { ...cell, examples: { "base→base": [failed, { ...failed, trial: 9999 }] } };
      }),
    };
    const found = findMeasureMistakes(broken).map(({ found }) => found);
    expect(found).toContain("no trial 9999");
    expect(found.some((text) => text.endsWith("which hit"))).toBe(true);
  });
});
