import fc from "fast-check";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";

import { renderTerminal } from "../../src/report/terminal.js";
import { wrap } from "../../src/report/wrap.js";
import { sampleResult } from "../support/sample-result.js";

const plain = renderTerminal(sampleResult(), {
  colour: false,
  folder: "runs/demo",
});

describe("the terminal view", () => {
  it("is the golden text", async () => {
    await expect(plain).toMatchFileSnapshot("../golden/report-terminal.txt");
  });

  it("fits 80 columns", () => {
    expect(Math.max(...plain.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("fits 80 columns with long names and many layers", () => {
    const result = sampleResult();
    const variables = result.variables.map((variable) => ({
      ...variable,
      variable: "a-variable-with-a-rather-long-name-that-goes-on",
      sites: Array.from({ length: 40 }, (_, layer) => ({
        ...result.variables[0]!.sites[0]!,
        layer,
      })),
    }));
    const lines = renderTerminal({ ...result, variables }, { colour: false }).split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it("says the same without colour", () => {
    const coloured = renderTerminal(sampleResult(), {
      colour: true,
      folder: "runs/demo",
    });
    expect(coloured).not.toBe(plain);
    expect(trimmed(stripVTControlCharacters(coloured))).toBe(trimmed(plain));
  });

  it("holds no escape code without colour", () => {
    expect(stripVTControlCharacters(plain)).toBe(plain);
  });

  it("names every variable with its verdict", () => {
    for (const { variable, verdict } of sampleResult().variables) {
      const row = new RegExp(`^${verdict.replace("-", " ")} +${variable}\\b`, "m");
      expect(plain).toMatch(row);
    }
  });
});

describe("wrap", () => {
  it("keeps every word and no line is too long", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (sentence, columns) => {
        const lines = wrap(sentence, columns);
        expect(lines.join("").replace(/\s/g, "")).toBe(sentence.replace(/\s/g, ""));
        for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

function trimmed(text: string): string {
  return text.replace(/ +$/gm, "");
}
