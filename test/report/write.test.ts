import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { HostError, PlanError } from "../../src/errors.js";
import { checkOutputFolder } from "../../src/report/output-folder.js";
import { serialiseResult } from "../../src/report/result-text.js";
import { writeOutput } from "../../src/report/write.js";
import { sampleResult } from "../support/sample-result.js";

const result = sampleResult();
let root = "";
let folder = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mas-audit-write-"));
  folder = join(root, "out");
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe("writing an output", () => {
  it("makes the folder with its parents, and leaves nothing beside it", () => {
    folder = join(root, "a", "b", "out");
    const written = writeOutput({ folder, result, force: false });
    expect(readdirSync(folder).sort()).toEqual(["report.html", "result.json"]);
    expect(readFileSync(written.resultPath, "utf8")).toBe(serialiseResult(result));
    expect(readdirSync(join(root, "a", "b"))).toEqual(["out"]);
  });

  it("copies the files of the run in, and leaves the originals", () => {
    const path = join(root, "p.safetensors");
    writeFileSync(path, "P");
    const extras = [
      { name: "cells/p.safetensors", path },
      { name: "cells/p.json", bytes: Buffer.from("{}") },
    ];
    writeOutput({ folder, result, force: false, extras });
    expect(readdirSync(join(folder, "cells")).sort()).toEqual(["p.json", "p.safetensors"]);
    expect(readFileSync(path, "utf8")).toBe("P");
  });

  it("leaves no trace when it fails half way", () => {
    const extras = [{ name: "cells/p", path: join(root, "missing") }];
    expect(() => writeOutput({ folder, result, force: false, extras })).toThrow(HostError);
    expect(readdirSync(root)).toEqual([]);
  });

  it("keeps the earlier output when its replacement fails half way", () => {
    writeOutput({ folder, result, force: false });
    const extras = [{ name: "cells/p", path: join(root, "missing") }];
    expect(() => writeOutput({ folder, result, force: true, extras })).toThrow(HostError);
    expect(readdirSync(root)).toEqual(["out"]);
    expect(readdirSync(folder).sort()).toEqual(["report.html", "result.json"]);
  });

  it("refuses a file that would lie outside", () => {
    const extras = [{ name: "../p", bytes: Buffer.from("P") }];
    expect(() => writeOutput({ folder, result, force: false, extras })).toThrow("lies outside");
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("an existing folder", () => {
  it("is refused without force, even when empty", () => {
    mkdirSync(folder);
    expect(codeOf(() => { checkOutputFolder(folder, false); })).toBe("OUTPUT_EXISTS"); // prettier-ignore
  });

  it("is replaced with force when it is an earlier output, and nothing of it stays", () => {
    const extras = [{ name: "cells/old", bytes: Buffer.from("old") }];
    writeOutput({ folder, result, force: false, extras });
    writeOutput({ folder, result, force: true });
    expect(readdirSync(folder).sort()).toEqual(["report.html", "result.json"]);
    expect(readdirSync(root)).toEqual(["out"]);
  });

  it.each([
    ["a user's files", { "thesis.tex": "" }],
    ["a user's result.json", { "result.json": '{"accuracy": 1}' }],
    [
      "a user's notes beside our result",
      { "result.json": serialiseResult(result), "notes.md": "" },
    ],
  ])("is refused with force when it holds %s", (_, files) => {
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    expect(codeOf(() => writeOutput({ folder, result, force: true }))).toBe("OUTPUT_EXISTS");
    expect(readdirSync(folder).sort()).toEqual(Object.keys(files).sort((a, b) => (a < b ? -1 : 1)));
  });

  it("is refused with force when it is a file", () => {
    writeFileSync(folder, "text");
    expect(codeOf(() => writeOutput({ folder, result, force: true }))).toBe("OUTPUT_EXISTS");
    expect(readFileSync(folder, "utf8")).toBe("text");
  });

  it("is not reached through a dangling link", () => {
    symlinkSync(join(root, "nowhere"), folder);
    expect(codeOf(() => writeOutput({ folder, result, force: false }))).toBe("OUTPUT_EXISTS");
  });

  it("says what was found and what to do", () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "thesis.tex"), "");
    expect(thrownBy(() => { checkOutputFolder(folder, true); })).toMatchObject({
      where: folder,
      found: '"thesis.tex"',
      hint: "choose another --out: --force replaces nothing but earlier outputs",
    }); // prettier-ignore
  });
});

describe("what a killed writer left", () => {
  const DEAD = 2 ** 30; // beyond the largest process id

  it("is removed by the next one, but not what a living process is writing", () => {
    const living = `.${basename(folder)}.new-${process.ppid}`;
    mkdirSync(join(root, `.${basename(folder)}.new-${DEAD}`));
    mkdirSync(join(root, living));
    mkdirSync(join(root, `.${basename(folder)}.new-x`));
    writeOutput({ folder, result, force: false });
    expect(readdirSync(root).sort()).toEqual(
      [`.${basename(folder)}.new-x`, living, basename(folder)].sort(),
    );
  });

  it("stays where it is an earlier output and nobody asked to replace it", () => {
    const replaced = `.${basename(folder)}.replaced-${DEAD}`;
    mkdirSync(join(root, replaced));
    writeOutput({ folder, result, force: false });
    expect(readdirSync(root)).toContain(replaced);
    writeOutput({ folder, result, force: true });
    expect(readdirSync(root)).toEqual([basename(folder)]);
  });
});

describe("a place that cannot be written to", () => {
  it("is a matter of the host, with its path", () => {
    writeFileSync(join(root, "file"), "");
    const inside = join(root, "file", "out");
    expect(thrownBy(() => { checkOutputFolder(inside, false); })).toMatchObject({
      code: "OUTPUT_NOT_WRITABLE",
      exitCode: 5,
    }); // prettier-ignore
  });

  it("is found without leaving a trace where it can be", () => {
    checkOutputFolder(join(root, "a", "b"), false);
    expect(readdirSync(root)).toEqual([]);
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function codeOf(act: () => unknown): string {
  const error = thrownBy(act);
  if (error instanceof PlanError) return error.code;
  throw error;
}
