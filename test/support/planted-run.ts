/** @file Audits one planted pair with the built command line, as a user would. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import { writeCopy } from "./planted-copies.js";
import type { PlantTruth } from "./planted-truth.js";

/** Where the planted pairs lie, seen from the repository's root. */
export const PLANTED = "fixtures/planted";
/** Enough to decide every planted cell, a third of the default's work. */
export const FEW = ["--items", "320", "--pairs", "200", "--steps", "20"] as const;
/** A result holds every trial of every cell. */
const LARGEST_RESULT_BYTES = 256 << 20;

/** One run. */
export interface PlantedRun {
  /** The compiled program, `main.js`. */
  readonly main: string;
  readonly plant: PlantTruth;
  /** Seed of the training; the tool's own seed stays what it is by default. */
  readonly seed: number;
  /** Layers to look at; nothing = all. */
  readonly layers?: readonly number[];
  /** Further options of the command line. */
  readonly args?: readonly string[];
}

/** Seeds whose models are there, ascending. */
export function plantedSeeds(): readonly number[] {
  return readdirSync(PLANTED)
    .flatMap((name) => /^seed-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The result of the tool on a planted pair. */
export async function auditPlant({
  main,
  plant,
  seed,
  layers,
  args = [],
}: PlantedRun): Promise<Result> {
  const scratch = mkdtempSync(join(tmpdir(), "mas-audit-planted-"));
  const folder = join(PLANTED, `seed-${seed}`);
  const base = join(folder, "base");
  try {
    const { tuned: source } = plant;
    const tuned = "folder" in source ? join(folder, source.folder) : join(scratch, source.copy);
    if ("copy" in source) writeCopy(source.copy, base, { out: tuned, seed });
    const audits = plant.audits.flatMap((name) => [
      "--audit",
      join(PLANTED, "audits", `${name}.json`),
    ]);
    const variables = [
      ...new Set(Object.keys(plant.variables).map((key) => key.split("/")[1] ?? key)),
    ];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        ...[main, base, tuned, ...audits, ...variables.flatMap((name) => ["--variable", name])],
        ...[
          "--layers",
          layers?.join(",") ?? "all",
          "--out",
          join(scratch, "out"),
          // words and the labels of the truth need the nulls only, and these take half of the time
          "--controls",
          "core",
          "--json",
          "--quiet",
          "--exit-zero",
        ],
        ...args,
      ],
      { maxBuffer: LARGEST_RESULT_BYTES },
    );
    return parseResult(stdout);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
