/** @file `mas-audit align` on the small networks that are shipped: planted truths are told, mistakes are refused. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NUMBER_TASKS } from "../../audits/numbers/index.js";
import { hierarchicalEquality } from "../../audits/equality/hierarchical-equality.js";
import { alignCommand } from "../../src/cli/align-command.js";
import {
  alignmentSchema,
  type Alignment,
  type AlignmentDirection,
} from "../../src/report/schema-alignment.js";
import type { Commands } from "../../src/cli/commands.js";
import { readSafetensors } from "../../src/store/safetensors.js";
import { run } from "./run.js";

const root = mkdtempSync(join(tmpdir(), "mas-audit-align-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const HANDLERS: Partial<Commands> = {
  align: (options, io) => alignCommand(options, io, TASKS),
};

/** Hierarchical equality: two blocks of 8 of 16 coordinates. */
const BLOCKS = ["--exchange", "left", "--exchange", "right", "--k", "8"] as const;
/** Enough to learn all four directions of a pair. */
const LEARNED = ["--train-pairs", "2000", "--steps", "200", "--pairs", "300"] as const;
/** Enough for a figure to be held against others'. */
const MEASURED = [
  ...["--train-pairs", "5000", "--steps", "400", "--batch", "128", "--pairs", "2000"],
] as const;

const TASKS = { sequences: NUMBER_TASKS, features: [hierarchicalEquality] };

function folder(name: string): string {
  return `fixtures/networks/${name}`;
}

async function alignment(...argv: string[]): Promise<Alignment> {
  const { exitCode: exit, stdout } = await run(["align", ...argv, "--json", "--threads", "1"], {
    ...HANDLERS,
  });
  expect(exit).toBe(0);
  return alignmentSchema.parse(JSON.parse(stdout));
}

function accuracy({ runs }: Alignment, source: string, target: string): number {
  const found = runs[0]!.directions.find((of) => of.source === source && of.target === target)!.iia;
  return found.kind === "value" ? found.value : NaN;
}

describe("mas-audit align", () => {
  it("finds that an exactly rotated network counts the same way, and one that cannot count does not", async () => {
    const found = await alignment(
      ...["multi-object-gru-1", "multi-object-gru-rotated", "multi-object-gru-damaged"].map(folder),
      ...["--steps", "80", "--pairs", "150"],
    );
    const [run] = found.runs;
    const words = run!.pairs.map(({ base, tuned, verdict }) => `${base} ${tuned} ${verdict}`);
    expect(words).toEqual([
      "multi-object-gru-1 multi-object-gru-rotated transfers",
      "multi-object-gru-1 multi-object-gru-damaged lost",
      "multi-object-gru-rotated multi-object-gru-damaged lost",
    ]);
    // what even whole states do not move is measured, not learned
    const untrained = run!.directions.filter(({ learned }) => !learned);
    expect(untrained.map(({ source, target }) => `${source} ${target}`)).toHaveLength(5);
  });

  it("stitches from the first network into the second only, and judges no pair by that", async () => {
    const names = ["multi-object-gru-2", "multi-object-gru-1"];
    const found = await alignment(
      ...names.map(folder),
      ...[
        "--method",
        "stitching",
        "--map",
        "linear",
        "--k",
        "16",
        "--steps",
        "60",
        "--pairs",
        "100",
      ],
    );
    expect(found.runs[0]!.pairs).toEqual([]);
    const learned = found.runs[0]!.directions.filter((of) => of.learned);
    expect(learned.map(({ source, target }) => [source, target])).toEqual([names]);
    expect(accuracy(found, names[0]!, names[1]!)).toBeGreaterThan(0.5);
  });

  it("finds both variables of hierarchical equality where a rotation takes them apart", async () => {
    const found = await alignment(
      folder("equality-1"),
      ...BLOCKS,
      ...MEASURED,
      "--method",
      "das",
      "--any-source",
    );
    // the published figure is .97; 2,000 trials have a standard error below .004 there
    for (const { iia } of found.runs[0]!.directions) {
      expect(iia.kind === "value" ? iia.value : NaN).toBeGreaterThan(0.97);
    }
  });

  it("aligns two seeds of it, and not a copy that answers by one variable alone", async () => {
    const names = ["equality-1", "equality-2", "equality-damaged"];
    const found = await alignment(...names.map(folder), ...BLOCKS, ...LEARNED, "--null-block");
    const [run] = found.runs;
    const words = run!.pairs.map((of) => `${of.base} ${of.tuned} ${of.exchanges} ${of.verdict}`);
    expect(words).toEqual([
      "equality-1 equality-2 left transfers",
      "equality-1 equality-2 right transfers",
      "equality-1 equality-damaged left lost",
      "equality-1 equality-damaged right lost",
      "equality-2 equality-damaged left lost",
      "equality-2 equality-damaged right lost",
    ]);
    // all 16 coordinates are in blocks: nothing outside them may matter
    const rest = run!.directions.filter(({ exchanges }) => exchanges === "rest");
    expect(rest.map(({ source }) => source)).toEqual(names);
    for (const { source, iia, noIntervention } of rest) {
      expect(iia, source).toEqual(noIntervention);
    }
  });

  it("says what no rotation takes apart", async () => {
    const found = await alignment(
      folder("equality-entangled"),
      ...BLOCKS,
      ...MEASURED,
      "--method",
      "das",
    );
    for (const { iia } of found.runs[0]!.directions) {
      expect(iia.kind === "value" ? iia.value : NaN).toBeLessThan(0.9); // PyTorch reaches .74
    }
  });

  it("learns into a closed network from its states alone, and says which pairs never met", async () => {
    const names = ["equality-1", "equality-2", "equality-entangled"];
    const found = await alignment(
      ...[...names.map(folder), ...BLOCKS, ...LEARNED],
      ...["--closed", "equality-2", "--reference", "equality-1"],
    );
    const never = found.runs[0]!.directions.filter(({ learned }) => !learned);
    expect(new Set(never.map(({ source, target }) => `${source} ${target}`))).toEqual(
      new Set(["equality-2 equality-entangled", "equality-entangled equality-2"]),
    );
    expect(accuracy(found, "equality-1", "equality-2")).toBeGreaterThan(0.6);
  });

  it("keeps only the coordinates that are needed, and writes the maps", async () => {
    const path = join(root, "maps.safetensors");
    const argv = [folder("multi-object-gru-1"), "--method", "das", "--learn-size"];
    const found = await alignment(...argv, "--k", "16", "--maps", path);
    const [size] = found.runs[0]!.sizes;
    expect(size).toBeGreaterThanOrEqual(3);
    expect(size).toBeLessThanOrEqual(8);
    expect(accuracy(found, "multi-object-gru-1", "multi-object-gru-1")).toBeGreaterThan(0.85);
    const { tensors } = readSafetensors(path);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["0/multi-object-gru-1/p", [16, 64]],
    ]);
    const again = await run(["align", ...argv, "--maps", path], HANDLERS);
    expect(again.stderr).toContain("OUTPUT_EXISTS");
  });

  it("exchanges all positions up to the place: of carried states the same as the one at it", async () => {
    const pair = ["multi-object-gru-1", "multi-object-gru-rotated"].map(folder);
    const found = await alignment(
      ...[...pair, "--stepwise", "--steps", "20", "--train-pairs", "200", "--pairs", "60"],
    );
    expect(found.stepwise).toBe(true);
    // so few steps end near .8 (.05 is the standard error of 60 trials); nothing brought is below .3
    for (const { iia } of found.runs[0]!.directions) {
      expect(iia.kind === "value" ? iia.value : NaN).toBeGreaterThan(0.6);
    }
    // at one place much of the count is the same: what nothing brings is right more often
    const [{ noIntervention }] = found.runs[0]!.directions as [AlignmentDirection];
    expect(noIntervention.kind === "value" ? noIntervention.value : NaN).toBeGreaterThan(0.05);
  });

  it("is the same twice", async () => {
    const argv = [folder("equality-2"), "--method", "das", "--exchange", "left"];
    const short = [...argv, "--exchange", "right", "--steps", "10", "--pairs", "60"];
    expect(await alignment(...short)).toEqual(await alignment(...short));
  });

  it.each([
    [["--exchange", "colour"], "UNKNOWN_VARIABLE"],
    [["--k", "65"], "K_TOO_LARGE"],
    [["--reference", "multi-object-gru-9"], "UNKNOWN_NETWORK"],
    [["--method", "das", "--closed", "multi-object-gru-1"], "only MAS learns all directions"],
    [["--stepwise", "--closed", "multi-object-gru-1"], "known at the place alone"],
    [["--stepwise", "--method", "latent-stitching"], "known at the place alone"],
  ])("refuses %j", async (flags, code) => {
    const { stderr, exitCode: exit } = await run(
      ["align", folder("multi-object-gru-1"), ...flags],
      HANDLERS,
    );
    expect(exit).toBe(2);
    expect(stderr).toContain(code);
  });

  it("refuses one network twice, a folder without one, and words that it does not know", async () => {
    const one = folder("equality-1");
    expect((await run(["align", one, one], HANDLERS)).stderr).toContain("DUPLICATE_NAME");
    expect((await run(["align", "fixtures"], HANDLERS)).stderr).toContain("NETWORK_FILE");
    const wrong = await run(["align", one, "--method", "sas", "--map", "round", "--rename", "x"]);
    for (const flag of ["--method", "--map", "--rename"]) expect(wrong.stderr).toContain(flag);
  });
});
