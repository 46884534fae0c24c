/** @file Progress on narrow terminals and for programs, and the time that is left. */
import { describe, expect, it } from "vitest";
import { Pace } from "../../src/cli/pace.js";
import { progressJsonSchema, progressLineSchema } from "../../src/cli/progress-schema.js";
import { openStatusLine, type StatusLine } from "../../src/cli/status-line.js";
import { errorText } from "../../src/cli/format-error.js";
import { Interrupted } from "../../src/cli/exit.js";
import { keepingSink } from "./run.js";

const PLACE = { audit: "sentiment", variable: "sentiment", layer: 4, role: "last" };
const ESTIMATE = { low: 10, expected: 20, high: 40 };

interface Watched {
  readonly status: StatusLine;
  readonly text: () => string;
  readonly pass: (seconds: number) => void;
}

function watch(given: { isTerminal?: boolean; columns?: number; json?: boolean }): Watched {
  let now = 0;
  const { isTerminal = false, columns = 80, json = false } = given;
  const sink = { ...keepingSink(), isTerminal, columns };
  const status = openStatusLine({ sink, quiet: false, json, nowMs: () => now });
  return { status, text: sink.text, pass: (seconds) => (now += 1000 * seconds) };
}

/** Everything that a run tells. */
function tellAll({ status, pass }: Watched, name = "sentiment, layer 4, last"): void {
  status.note({ event: "device", device: "cpu" });
  status.note({ event: "learner", learner: "TensorFlow.js 4.22.0" });
  status.stage(`loading ${name}`);
  pass(3600);
  status.note({
    ...{ event: "continues", found: 1, cells: 2, since: "2026-03-04T05:06:07.000Z" },
  });
  status.note({
    ...{ event: "estimate", seconds: ESTIMATE, layers: [{ layer: 4, seconds: 4000 }] },
  });
  status.note({ event: "warning", message: "a cell is not trusted" });
  status.begin(2);
  status.cell(name, PLACE);
  status.done("reused");
  status.cell(name, PLACE);
  pass(1000);
  status.done("computed");
  status.note({ event: "finished", verdict: "pass", folder: "/out" });
  status.end();
}

describe("on a terminal", () => {
  const WIDE = "変数の名前はとても長いです, layer 4, last";
  it.each([
    [200, "sentiment, layer 4, last"],
    [80, "sentiment, layer 4, last"],
    [40, "sentiment, layer 4, last"],
    [40, WIDE],
    [20, "x".repeat(300)],
    [1, "x"],
  ])("of %d columns the line is never wider (%s)", (columns, name) => {
    const watched = watch({ isTerminal: true, columns });
    tellAll(watched, name);
    const drawn = watched
      .text()
      .split("\n") // notes scroll away above the line
      .flatMap((line) =>
        line.split(/\u001b(?:\[[0-9;]*[A-Za-z]|[78])/).filter((part) => part !== ""),
      );
    const notes = /^(device|learner|time|continues|warning): /;
    const lines = drawn.filter((line) => !notes.test(line));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(columnsOf(line)).toBeLessThan(Math.max(2, columns));
  });

  it("of 40 columns the counts and the time left are still seen", () => {
    const watched = watch({ isTerminal: true, columns: 40 });
    tellAll(watched);
    expect(watched.text()).toContain("2/2, ");
    expect(watched.text()).toContain("left");
  });
});

/** Columns of a line, with every character of Japanese as two. */
function columnsOf(line: string): number {
  return Array.from(line).reduce((sum, c) => sum + (/[\u3000-\u9fff]/.test(c) ? 2 : 1), 0);
}

describe("for programs", () => {
  it("is one JSON object per line in the documented format, and nothing else", () => {
    const watched = watch({ json: true, isTerminal: true });
    tellAll(watched);
    const text = watched.text() + errorText(new Interrupted("SIGINT"), JSON_ARGS);
    const lines = text.trimEnd().split("\n");
    const events = lines.map((line) => progressLineSchema.parse(JSON.parse(line)));
    expect(events.map((each) => ("event" in each ? each.event : each.error.code))).toEqual([
      ...["device", "learner", "stage", "continues", "estimate", "warning", "begin"],
      ...["cell", "done", "cell", "done", "finished", "INTERRUPTED"],
    ]);
    expect(events[8]).toMatchObject({ ...PLACE, done: 1, cells: 2, reused: true });
  });

  const JSON_ARGS = { argv: ["b", "t", "--json-progress"], colour: false };

  it("an error is a JSON object under --json-progress, unless that is a name behind --", () => {
    const error = new Error("x");
    expect(JSON.parse(errorText(error, JSON_ARGS))).toMatchObject({ exitCode: 70 });
    expect(errorText(error, { argv: ["--", "--json-progress"], colour: false })).toMatch(/^INTER/);
  });

  it("the format has a JSON Schema that says what each event is", () => {
    const text = JSON.stringify(progressJsonSchema());
    expect(text).toContain("mas-audit/progress@1");
    expect(text).toContain("since the run began");
  });
});

describe("the time left", () => {
  /** Two layers of two cells, 10 s and 30 s expected per cell. */
  function started(): { pace: Pace; pass: (seconds: number) => void } {
    let now = 0;
    const pace = new Pace(() => now);
    pace.expect([
      { layer: 1, seconds: 20 },
      { layer: 2, seconds: 60 },
    ]);
    pace.begin(4);
    return { pace, pass: (seconds) => (now += 1000 * seconds) };
  }
  const at = (layer: number): typeof PLACE => ({ ...PLACE, layer });

  it("is the estimate before the first cell, less what has passed", () => {
    const { pace, pass } = started();
    pace.startCell("", at(1));
    expect(pace.leftMs()).toBe(80_000);
    pass(5);
    expect(pace.leftMs()).toBe(75_000);
  });

  it("stays the estimate of what is left where cells take what was expected", () => {
    const { pace, pass } = started();
    pace.startCell("", at(1));
    pass(10);
    pace.finishCell("computed");
    expect(pace.leftMs()).toBeCloseTo(70_000, 6);
  });

  it("approaches the double where every cell takes the double", () => {
    const { pace, pass } = started();
    for (const layer of [1, 1, 2]) {
      pace.startCell("", at(layer));
      pass(layer === 1 ? 20 : 60);
      pace.finishCell("computed");
    }
    // the 30 s that are left of the estimate beside 50 s that took 100 s: a factor of 130 / 80
    expect(pace.leftMs()).toBeCloseTo((30_000 * 130) / 80, 6);
  });

  it("is the double before the last of many cells that take the double", () => {
    let now = 0;
    const pace = new Pace(() => now);
    pace.expect([{ layer: 1, seconds: 1000 }]);
    pace.begin(100);
    for (let cell = 0; cell < 99; cell++) {
      pace.startCell("", at(1));
      now += 20_000;
      pace.finishCell("computed");
    }
    expect(pace.leftMs()).toBeGreaterThan(19_800);
    expect(pace.leftMs()).toBeLessThan(20_000);
  });

  it("is not ruled by one odd cell", () => {
    const { pace, pass } = started();
    pace.startCell("", at(1));
    pass(100); // ten times what was expected
    pace.finishCell("computed");
    expect(pace.leftMs()).toBeCloseTo((70_000 * 170) / 80, 6);
  });

  it("counts reused cells as done, and learns nothing from them", () => {
    const { pace } = started();
    pace.startCell("", at(2));
    pace.finishCell("reused");
    expect(pace.leftMs()).toBe(50_000);
  });

  it("is never less than nothing", () => {
    const { pace, pass } = started();
    pace.startCell("", at(1));
    pass(1e6);
    expect(pace.leftMs()).toBe(0);
  });

  it("is unknown before the first cell where nothing was estimated", () => {
    const pace = new Pace(() => 0);
    pace.begin(3);
    expect(pace.leftMs()).toBeUndefined();
  });
});
