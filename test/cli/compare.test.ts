/** @file `compare` on the demo pairs: a rotated copy is alike in every layer, a broken one is not. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { AUDITS, TEXT_AUDITS } from "../../audits/index.js";
import { compareCommand } from "../../src/cli/compare-command.js";
import { checkUnitPairs } from "../../src/cli/compare-units.js";
import type { CompareOptions } from "../../src/cli/commands.js";
import { compareSchema, type Comparison } from "../../src/report/schema-compare.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { keepingSink, run } from "./run.js";

const folder = temporaryFolder();
const demo = (name: string): string => join("fixtures", "demo", name);

/** The rotated copy is the same function in float32: relative differences of states of about 1e-6. */
const ROUNDING = 1e-4;

const OPTIONS: CompareOptions = {
  ...{ base: demo("base"), tuned: demo("rotated"), audits: ["sentiment"], prompts: null },
  ...{
    items: 80,
    at: "last",
    layers: "all",
    measures: null,
    units: false,
    tokenizer: null,
    seed: 0,
    batch: 64,
    threads: 1,
  },
  ...{ device: "cpu", html: null, force: false, json: true, quiet: true, verbose: false },
};

async function compare(changed: Partial<CompareOptions>): Promise<string> {
  const [stdout, stderr] = [keepingSink(), keepingSink()];
  const io = { stdout, stderr, signal: new AbortController().signal, argv: [] };
  const parts = { adapters: ADAPTERS, audits: AUDITS, texts: TEXT_AUDITS };
  expect(await compareCommand({ ...OPTIONS, ...changed }, io, parts)).toBe(0);
  return stdout.text();
}

const parsed = (text: string): Comparison => compareSchema.parse(JSON.parse(text));

describe("compare", () => {
  it("finds every layer of a rotated copy alike, whatever basis it is in", async () => {
    const { tables, matching, prompts, layers, subNetworks } = parsed(
      await compare({ at: "mean" }),
    );
    expect(prompts).toMatchObject({ n: 80, at: "mean" });
    for (const { values } of tables) {
      expect(values).toHaveLength(layers.base.length);
      values.forEach((row, i) => {
        expect(row).toHaveLength(layers.tuned.length);
        expect(Math.abs(row[i]! - 1)).toBeLessThan(ROUNDING);
      });
    }
    for (const { figures } of matching) {
      const neighbours = figures.at(-1)!;
      expect(neighbours.value).toBeGreaterThan(0.99); // ties aside
      expect(neighbours.chance).toBeCloseTo(10 / 79, 12);
    }
    const { n, between, within, blocks, pairs } = subNetworks!;
    expect(n).toBe(80);
    layers.base.slice(1).forEach((layer, i) => {
      expect(between[i + 1]![i + 1]).toBeLessThan(ROUNDING);
      expect(within.base[i + 1]![i + 1]).toBe(0);
      expect(pairs.proposed[i]).toMatchObject({ block: null, base: layer, tuned: layer });
    });
    expect(blocks.base).toMatchObject({ found: [], p: null });
    expect(blocks.base.reason).toContain("fewer than 7 layers");
    expect(pairs).toMatchObject({ layers: "1-5", reason: null });
  });

  it("finds the layers of a broken one less alike the later they are, and writes a page of it", async () => {
    const html = join(folder, "page.html");
    const { tables, units } = parsed(
      await compare({ tuned: demo("broken"), html, units: true, layers: "1,5" }),
    );
    const same = tables[0]!.values.map((row, i) => row[i]);
    expect(same.at(-1)!).toBeLessThan(0.9);
    const [first, last] = units!.pairs.map(({ figures }) =>
      figures.find(({ name }) => name === "r bip")!,
    );
    expect(last!.value!).toBeLessThan(first!.value!);
    expect(Math.abs(first!.chance!)).toBeLessThan(0.1);
    expect(first).toMatchObject({ n: 40, nFit: 40, reason: null });
    const page = readFileSync(html, "utf8");
    expect(page).toContain("semi-matching by correlation (signed)");
    expect(page.match(/<svg/g)).toHaveLength(tables.length + 3); // distances: between, within each
    expect(/NaN|<script|(src|href)="(?!data:)/.test(page)).toBe(false);
    await expect(compare({ html })).rejects.toThrow("would replace a file");
  });

  it("takes the lines of a file, each once, and prints at most 80 columns", async () => {
    const file = join(folder, "prompts.txt");
    const words = ["cat", "dog", "tree", "house", "bird", "road", "king", "song", "lamp", "boat"];
    writeFileSync(file, [...words, ...words].map((word) => `The ${word} is very\n`).join("\n"));
    const text = await compare({ prompts: file, audits: [], json: false, units: true });
    expect(text).toContain("10 different prompts");
    expect(text).toContain("linear CKA, debiased");
    expect(text).toContain("base layer 0: undefined, its states of these prompts do not vary");
    expect(text).toContain("mas-audit BASE TUNED --layers");
    expect(text).toContain("fewer than two units vary over");
    expect(text).not.toContain("NaN");
    for (const line of text.split("\n").slice(2)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("works out the measures that are asked for, and shows no others", async () => {
    const whole = parsed(await compare({}));
    const html = join(folder, "few.html");
    const few = parsed(await compare({ measures: ["rsa", "neighbours"], html }));
    expect(few.measures).toEqual(["rsa", "neighbours"]);
    expect(few.tables).toEqual([whole.tables[1]]);
    expect(few.matching.map(({ figures }) => figures)).toEqual(
      whole.matching.map(({ figures }) => figures.slice(-1)),
    );
    expect(few.subNetworks).toBeUndefined();
    expect(whole.measures).toBeUndefined();
    const page = readFileSync(html, "utf8");
    expect(page).toContain("Spearman");
    expect(page).not.toMatch(/CKA|Procrustes|Gromov/);
    const text = await compare({ measures: ["rsa", "neighbours"], json: false });
    expect(text).toMatch(/^layer {7}RSA {4}k-NN {3}closest by RSA$/m);
    expect(text).toContain("the table of all pairs of layers");
    expect(text).not.toMatch(/CKA|Procr|CCA|Gromov/);
    const only = await compare({ measures: ["gromov"], json: false, html, force: true });
    expect(only).toContain("Sub-networks");
    expect(only).not.toMatch(/^layer|CKA|RSA|k-NN|depth/m);
    expect(readFileSync(html, "utf8")).not.toMatch(/CKA|RSA|same number/);
    const fitted = parsed(await compare({ measures: ["cca"] }));
    expect(fitted.tables).toEqual([]);
    expect(fitted.matching.map(({ figures }) => figures)).toEqual(
      whole.matching.map(({ figures }) => figures.slice(1, 3)),
    );
  });

  it("refuses the units of models that differ in depth where nothing proposes pairs", () => {
    const measures = ["cka", "rsa"] as const;
    expect(() => {
      checkUnitPairs({ units: true, measures }, false);
    }).toThrow("differ in depth");
    for (const [asked, sameDepth] of [
      [{ units: true, measures }, true],
      [{ units: false, measures }, false],
      [{ units: true, measures: null }, false],
      [{ units: true, measures: ["gromov"] }, false],
    ] as const) {
      expect(() => {
        checkUnitPairs(asked, sameDepth);
      }).not.toThrow();
    }
  });

  it("refuses fewer than eight prompts, a missing file and an unknown place", async () => {
    await expect(compare({ items: 7 })).rejects.toThrow("too few different prompts");
    await expect(compare({ prompts: join(folder, "none") })).rejects.toThrow("cannot be read");
    await expect(compare({ at: "elsewhere" })).rejects.toThrow("no audit has this place");
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  it("is given its options, and refuses those that contradict each other", async () => {
    const { calls } = await run([
      "compare",
      "a",
      "b",
      "--at",
      "mean",
      "--layers",
      "0,2",
      "--units",
    ]);
    expect(calls).toMatchObject([
      ["compare", { base: "a", tuned: "b", at: "mean", layers: "0,2", units: true }],
    ]);
    const named = await run(["compare", "a", "b", "--measures", "rsa, cka,rsa"]);
    expect(named.calls).toMatchObject([["compare", { measures: ["cka", "rsa"] }]]);
    const misspelt = await run(["compare", "a", "b", "--measures", "cka,neighbors"]);
    expect(misspelt.exitCode).toBe(2);
    expect(misspelt.stderr).toContain('did you mean "neighbours"?');
    const refused = await run(["compare", "a", "b", "--prompts", "p", "--audit", "x", "--force"]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("--prompts");
    expect(refused.stderr).toContain("--html beside it");
  });

  it("has a help as in test/golden/cli/help-compare.txt", async () => {
    const { stdout } = await run(["compare", "--help"]);
    await expect(stdout).toMatchFileSnapshot("../golden/cli/help-compare.txt");
  });
});
