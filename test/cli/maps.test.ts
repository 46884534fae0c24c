/** @file Maps and methods as options of an audit, on the demonstration pair: what is learned, recorded, and refused. */
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readReproduceOptions } from "../../src/cli/read-options.js";
import { recordedOptions } from "../../src/cli/recorded-options.js";
import { TEXT_AUDITS } from "../../src/library/built-in.js";
import type { CellMeasures } from "../../src/measure/measures.js";
import { renderReport } from "../../src/report/html/page.js";
import { renderMarkdown } from "../../src/report/markdown.js";
import type { Result } from "../../src/report/schema.js";
import { renderTerminal } from "../../src/report/terminal.js";
import { openStore } from "../../src/store/cell-store.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { GOOD, plantCell } from "../verdict/planted.js";
import { auditDemo, mas } from "./demo-audit.js";
import { plantedArchive } from "./planted-archive.js";
import type { CellArchive } from "../../src/measure/run.js";

const folder = temporaryFolder();
const SLOW_MS = 120_000;

function learnedCell({ cells }: Result): CellMeasures {
  return cells.find(({ learning }) => learning !== undefined)!;
}

describe.each([
  {
    args: ["--map", "invertible"],
    made: { method: "mas", map: "invertible" },
    word: "transfers",
    codes: ["FREE_MAPS"],
  },
  {
    args: ["--method", "stitching", "--map", "linear"],
    made: { method: "stitching", map: "linear", dropsRest: true },
    word: "transfers",
    codes: ["METHOD", "FREE_MAPS"],
  },
  {
    args: ["--method", "unimas"],
    made: { method: "unimas", cross: ["base→tuned"] },
    word: "transfers",
    codes: ["METHOD"],
  },
  {
    args: ["--method", "das"],
    made: { method: "das", cross: [] },
    word: "inconclusive",
    codes: ["METHOD"],
  },
  {
    args: ["--closed", "tuned"],
    made: { method: "mas", closed: "tuned" },
    word: "transfers",
    codes: ["CLOSED_MODEL"],
  },
  {
    args: ["--learn-size", "--k", "4"],
    made: { method: "mas", learnsSize: true },
    word: "transfers",
    codes: ["LEARNED_SIZE"],
  },
  {
    args: ["--joint"],
    made: { method: "mas", joint: ["number"] },
    word: "transfers",
    codes: ["JOINT"],
  },
])("an audit with $args", ({ args, word, codes, made }) => {
  let result: Result;
  beforeAll(async () => {
    result = await auditDemo(folder, "--controls", "full", ...args);
  }, SLOW_MS);

  it(`says ${word}, with the same controls`, () => {
    const [variable] = result.variables;
    expect(variable!.verdict).toBe(word);
    const { trials, further } = learnedCell(result);
    const [own] = trials;
    for (const hits of Object.values(own!.iia)) expect(hits).toHaveLength(60);
    expect(Object.keys(own!.permuted)).toEqual(Object.keys(own!.iia));
    expect(Object.keys(own!.randomSubspace)).toEqual(["base→base", "tuned→tuned"]);
    const { iia: shuffled } = further!.shuffledLabels!;
    expect(Object.keys(shuffled)).toEqual(Object.keys(own!.iia));
    for (const hits of Object.values(shuffled)) expect(hits).toHaveLength(60);
  });

  it("records what was learned, and is reproduced by it", () => {
    const { options } = result.manifest;
    expect(learnedCell(result).maps).toMatchObject(made);
    const read = readReproduceOptions("result.json", {});
    const again = recordedOptions(result, read, "result.json");
    const given = args.filter((arg) => arg.startsWith("--") && arg !== "--k");
    for (const flag of given) {
      const name = flag === "--learn-size" ? "learnSize" : flag.slice(2);
      expect(options).toHaveProperty(name);
      expect(again[name]).toEqual(options[name]);
    }
  });

  it("says in every view what such maps say less of", () => {
    const found = result.warnings.map(({ code }) => code);
    for (const code of codes) expect(found).toContain(code);
    const messages = result.warnings.map(({ message }) => message.slice(0, 20).trim());
    const terminal = renderTerminal(result, { colour: false });
    for (const code of codes) expect(terminal).toContain(code);
    const page = renderReport(result).toLowerCase();
    const markdown = renderMarkdown(result).toLowerCase();
    for (const message of messages) expect(page).toContain(message.toLowerCase());
    for (const message of messages) expect(markdown).toContain(message.toLowerCase());
  });
});

it(
  "rotations by MAS are named by nothing: what was stored before is read as before",
  async () => {
    const result = await auditDemo(folder, "--method", "mas", "--map", "orthogonal");
    for (const name of ["method", "map", "closed", "learnSize"])
      expect(result.manifest.options).not.toHaveProperty(name);
    expect(learnedCell(result)).not.toHaveProperty("maps");
    expect(result.warnings).toEqual([]);
  },
  SLOW_MS,
);

it("what does not go together is said at once, with everything else", async () => {
  const { exitCode, stderr } = await mas(
    ...["nowhere/base", "nowhere/tuned", "--closed", "left", "--method", "stitching"],
    ...["--learn-size", "--learner", "tfjs", "--map", "round"],
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--closed: expected "base" or "tuned", found "left"');
  expect(stderr).toContain("only MAS learns all directions");
  expect(stderr).toContain("--learn-size: expected --k beside it, 2 or more");
  expect(stderr).toContain('--map: expected "orthogonal"');
  expect(stderr).toContain("--learner: expected only MAS with rotations beside it");
});

it.each([["audit"], ["plan"]])(
  "%s refuses blocks that do not fit beside each other",
  async (command) => {
    const planted = (name: string): string => resolve("fixtures/planted", name);
    const models = [planted("seed-0/base"), planted("seed-0/style")];
    const flags = ["--audit", planted("audits/object.json"), "--joint", "--k", "30"];
    const place = command === "plan" ? [] : ["--quiet", "--out", join(folder, "wide")];
    const { exitCode, stderr } = await mas(...(command === "plan" ? [command] : []), ...models, ...flags, ...place); // prettier-ignore
    expect(exitCode).toBe(2);
    expect(stderr).toContain("BLOCKS_TOO_WIDE");
    expect(stderr).toContain("found 90 (");
  },
);

it("what lies beside a joint learning is part of it", async () => {
  const args = ["a", "b", "--joint", "--variable", "number", "--learn-size", "--k", "auto"];
  const { exitCode, stderr } = await mas(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("--joint: expected no --variable beside it");
  expect(stderr).toContain("--joint: expected no --learn-size beside it");
  expect(stderr).toContain("--learn-size: expected --k beside it, 2 or more");
});

it.each([["audit"], ["plan"]])(
  "%s refuses whole-behaviour audits beside other maps, before it looks at the models",
  async (command) => {
    const args = ["nowhere/base", "nowhere/tuned", "--map", "linear", "--learn-size", "--k", "2", "--audit", TEXT_AUDITS[0]!.id]; // prettier-ignore
    const { exitCode, stderr } = await mas(...(command === "plan" ? [command] : []), ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("MAPS_OF_CONTEXTS");
    expect(stderr).toContain("--map linear --learn-size");
    expect(stderr).toContain(TEXT_AUDITS[0]!.id);
  },
);

it("cells of one map are not those of another", () => {
  const store = openStore(join(folder, "cells.partial"));
  const archive = (raw: Parameters<typeof plantedArchive>[1]): CellArchive =>
    plantedArchive(store, raw);
  const find = (raw: Parameters<typeof archive>[0]): CellMeasures | undefined =>
    archive(raw).find(plantCell(GOOD).cell);
  try {
    const measures = plantCell(GOOD);
    archive({ map: ["linear"] }).keep(measures.cell, { measures, tensors: {} });
    expect(find({ map: ["linear"] })).toEqual(measures);
    expect(find({ map: ["coupling"] })).toBeUndefined();
    expect(find({ map: ["linear"], closed: ["base"] })).toBeUndefined();
    expect(find({})).toBeUndefined();
  } finally {
    store.discard();
  }
});
