/** @file `mas-audit align` on the small networks that are shipped: planted truths are told, mistakes are refused. */
import { describe, expect, it } from "vitest";
import { NUMBER_TASKS } from "../../audits/numbers/index.js";
import { hierarchicalEquality } from "../../audits/equality/hierarchical-equality.js";
import { alignCommand } from "../../src/cli/align-command.js";
import { alignmentSchema, type Alignment } from "../../src/report/schema-alignment.js";
import type { Commands } from "../../src/cli/commands.js";
import { run } from "./run.js";

const TASKS = { sequences: NUMBER_TASKS, features: [hierarchicalEquality] };

function folder(name: string): string {
  return `fixtures/networks/${name}`;
}

async function alignment(...argv: string[]): Promise<Alignment> {
  const { exitCode: exit, stdout } = await run(["align", ...argv, "--json", "--threads", "1"], {
    align: (options, io) => alignCommand(options, io, TASKS),
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

  it("is the same twice", async () => {
    const argv = [folder("equality-2"), "--method", "das", "--exchange", "left"];
    const short = [...argv, "--exchange", "right", "--steps", "10", "--pairs", "60"];
    expect(await alignment(...short)).toEqual(await alignment(...short));
  });

  it.each([
    [["--exchange", "colour"], "UNKNOWN_VARIABLE"],
    [["--k", "65"], "K_TOO_LARGE"],
    [["--reference", "multi-object-gru-9"], "UNKNOWN_NETWORK"],
  ])("refuses %j", async (flags, code) => {
    const { stderr, exitCode: exit } = await run(
      ["align", folder("multi-object-gru-1"), ...flags],
      {
        align: (options, io) => alignCommand(options, io, TASKS),
      },
    );
    expect(exit).toBe(2);
    expect(stderr).toContain(code);
  });

  it("refuses one network twice, a folder without one, and words that it does not know", async () => {
    const handlers: Partial<Commands> = {
      align: (options, io) => alignCommand(options, io, TASKS),
    };
    const one = folder("equality-1");
    expect((await run(["align", one, one], handlers)).stderr).toContain("DUPLICATE_NAME");
    expect((await run(["align", "fixtures"], handlers)).stderr).toContain("NETWORK_FILE");
    const wrong = await run(["align", one, "--method", "sas", "--map", "round", "--rename", "x"]);
    for (const flag of ["--method", "--map", "--rename"]) expect(wrong.stderr).toContain(flag);
  });
});
