import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatError } from "../../src/cli/format-error.js";
import { openStatusLine } from "../../src/cli/status-line.js";
import { ModelFormatError } from "../../src/errors.js";
import { renderReport } from "../../src/report/html/page.js";
import { printable, printableData, printableLine } from "../../src/report/printable.js";
import { renderTerminal } from "../../src/report/terminal.js";
import { sampleResult } from "../support/sample-result.js";

/** Clears the screen, sets the title, colours, deletes a line, C1 form of the same, turns the text round, ends the line. */
const ATTACK = "\u001b[2J\u001b]0;owned\u0007\u001b[31m\r\u009b2K\u202egnp.exe\u0000\u2028";
/** The same for a browser. */
const MARKUP = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&`;

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

describe("printable text", () => {
  it("holds no control character, and is what it was where there was none", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(CONTROL);
        if (!CONTROL.test(text)) expect(printable(text)).toBe(text);
      }),
    );
  });

  it("shows what was there", () => {
    expect(printable("a\u001b[2Jb\nc")).toBe("a\\u001b[2Jb\nc");
    expect(printableLine("a\nb")).toBe("a\\nb");
    expect(printableData({ "k\u0007": ["\u001b", 1, null, { a: true }] })).toEqual({
      "k\\u0007": ["\\u001b", 1, null, { a: true }],
    });
  });
});

describe("texts of strangers reach the terminal as text:", () => {
  it("in every part of an error", () => {
    const error = new ModelFormatError(ATTACK, {
      code: "X",
      where: `a${ATTACK}\n  hint  run: curl evil`,
      expected: ATTACK,
      found: ATTACK,
      hint: ATTACK,
      cause: new Error(ATTACK),
    });
    const text = formatError(error, { verbose: true, colour: false });
    expect(text).not.toMatch(CONTROL);
    // a path with a line feed cannot write a line that looks like ours
    expect(text.split("\n").filter((line) => line.startsWith("  hint  run: curl"))).toEqual([]);
  });

  it("in a result: names, reasons, warnings, title", () => {
    const attack = JSON.parse(
      JSON.stringify(sampleResult()).replaceAll("sentiment", JSON.stringify(ATTACK).slice(1, -1)),
    ) as ReturnType<typeof sampleResult>;
    const warned = {
      ...attack,
      warnings: [{ code: ATTACK, message: ATTACK }],
      notTested: [ATTACK],
    };
    expect(JSON.stringify(warned)).toContain("\\u001b");
    expect(renderTerminal(warned, { colour: false, folder: `out${ATTACK}` })).not.toMatch(CONTROL);
  });

  it("in the status line", () => {
    let written = "";
    const sink = { isTerminal: false, write: (text: string) => (written += text) };
    const line = openStatusLine({ sink: sink as never, quiet: false, nowMs: () => 0 });
    line.stage(`reading ${ATTACK}`);
    line.begin(1);
    line.cell(ATTACK);
    line.done("computed");
    line.end();
    expect(written).toContain("reading \\u001b[2J");
    expect(written).not.toMatch(CONTROL);
  });
});

it("markup in a result reaches the page as text", () => {
  const result = sampleResult();
  const attacked = {
    ...result,
    warnings: [{ code: "X", message: MARKUP }],
    notTested: [MARKUP],
    variables: result.variables.map((each) => ({ ...each, variable: MARKUP, audit: MARKUP })),
  };
  const page = renderReport(attacked);
  expect(page).not.toContain("<img");
  expect(page).not.toContain("<script>alert");
  expect(page).not.toContain("</script><script");
});
