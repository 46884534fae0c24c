/** @file An adapter in the place of TUNED, on every command that takes one, and `diff`. */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "./run.js";

const words = (line: string): readonly string[] => line.split(" ");

describe("--tuned-adapter", () => {
  it("stands for TUNED and names the output folder", async () => {
    const { calls, stderr } = await run(words("models/base --tuned-adapter adapters/polite"));
    expect(stderr).toBe("");
    const out = resolve("mas-audit-base-polite");
    const expected = { base: "models/base", tuned: null, tunedAdapter: "adapters/polite", out };
    expect(calls).toMatchObject([["audit", expected]]);
  });

  it("twice is named beside the other mistakes of gradcheck", async () => {
    const { stderr } = await run(words("gradcheck m --tuned-adapter x --tuned-adapter y --seed z"));
    expect(stderr).toContain("--tuned-adapter: expected to be given once, found 2 times");
    expect(stderr).toContain("--seed: expected a whole number");
  });

  it("is absent from the options where it was not given", async () => {
    const { calls } = await run(words("a b"));
    expect(calls[0]?.[1]).not.toHaveProperty("tunedAdapter");
  });

  it.each(["inspect", "gradcheck"])("is an option of %s", async (command) => {
    const { calls } = await run([command, "m", "--tuned-adapter", "x"]);
    expect(calls).toMatchObject([[command, { model: "m", tunedAdapter: "x" }]]);
  });

  it.each([
    ["a b --tuned-adapter x", 'BAD_OPTION --tuned-adapter: expected no TUNED beside it, found "b"'],
    ["a --tuned-adapter x --tuned-adapter y", "--tuned-adapter: expected to be given once"],
    ["a", "expected BASE and TUNED, or BASE and --tuned-adapter DIR, found no TUNED"],
    ["diff a", "expected BASE and TUNED, or BASE and --tuned-adapter DIR, found no TUNED"],
    ["diff a b --tuned-adapter x", "expected no TUNED beside it"],
  ])("in %j is a mistake that is named", async (line, text) => {
    const { exitCode, stderr, calls } = await run(words(line));
    expect({ exitCode, calls }).toEqual({ exitCode: 2, calls: [] });
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(text);
  });
});

describe("diff gets its options", () => {
  it.each([
    ["diff a b", { base: "a", tuned: "b", json: false, quiet: false, verbose: false }],
    [
      "diff a --tuned-adapter x --json --quiet",
      { base: "a", tuned: null, tunedAdapter: "x", json: true, quiet: true, verbose: false },
    ],
  ])("from %j", async (line, options) => {
    const { calls } = await run(words(line));
    expect(calls).toEqual([["diff", options]]);
  });

  it("and its help is as in test/golden/cli/help-diff.txt", async () => {
    const { stdout, exitCode } = await run(["diff", "--help"]);
    expect(exitCode).toBe(0);
    await expect(stdout).toMatchFileSnapshot("../golden/cli/help-diff.txt");
  });
});
