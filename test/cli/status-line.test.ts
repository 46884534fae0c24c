/**
 * @file Progress, with a clock that the test moves.
 */
import { describe, expect, it } from "vitest";
import { formatDuration } from "../../src/cli/pace.js";
import { openStatusLine, type StatusLine } from "../../src/cli/status-line.js";
import { keepingSink } from "./run.js";

interface Watched {
  readonly status: StatusLine;
  readonly text: () => string;
  readonly pass: (seconds: number) => void;
}

function watch({ isTerminal = false, quiet = false }): Watched {
  let now = 0;
  const sink = keepingSink();
  const status = openStatusLine({ sink: { ...sink, isTerminal }, quiet, nowMs: () => now });
  return {
    status,
    text: sink.text,
    pass: (seconds) => {
      now += 1000 * seconds;
    },
  };
}

/** Three cells: one reused, two computed in 10 and 20 seconds. */
function runThree({ status, pass }: Watched): void {
  status.stage("reading base");
  pass(5);
  status.begin(3);
  status.cell("sentiment, layer 4, last");
  status.done("reused");
  status.cell("sentiment, layer 8, last");
  pass(10);
  status.done("computed");
  status.cell("sentiment, layer 12, last");
  pass(20);
  status.done("computed");
  status.end();
}

describe("progress", () => {
  it("without a terminal is one line per stage and cell, with the time left from the computed cells", () => {
    const watched = watch({});
    runThree(watched);
    expect(watched.text()).toBe(
      "0 s  reading base\n" +
        "5 s  1/3 sentiment, layer 4, last (reused), ? left\n" +
        "15 s  2/3 sentiment, layer 8, last, 10 s left\n" +
        "35 s  3/3 sentiment, layer 12, last, 0 s left\n",
    );
  });

  it("with --quiet is silent", () => {
    const watched = watch({ quiet: true, isTerminal: true });
    runThree(watched);
    expect(watched.text()).toBe("");
  });

  it("on a terminal redraws one line, hides no cursor, and is wiped at the end", () => {
    const watched = watch({ isTerminal: true });
    runThree(watched);
    const text = watched.text();
    expect(text).toContain("0 s  reading base");
    expect(text).not.toContain("\n");
    expect(text).not.toContain("\u001b[?25l");
    // back to the first column, line wiped
    expect(text.endsWith("\u001b[1G\u001b[2K")).toBe(true);
  });
});

it.each([
  [0, "0 s"],
  [59_400, "59 s"],
  [59_600, "1 min 00 s"],
  [185_000, "3 min 05 s"],
  [3_599_600, "1 h 00 min"],
  [7_620_000, "2 h 07 min"],
  [7_199_000, "2 h 00 min"],
])("%d ms is printed as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
