/**
 * @file `npm run planted -- [--seeds N] [--only PLANT,…] [--json FILE] [--quick]`: audits every planted pair with the
 * built program and prints what was planted beside what was said. Exits 0 only when every variable is called as planted.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { wilson, type Tally } from "../../src/stats/intervals.js";
import { auditPlant, FEW, PLANTED, plantedSeeds } from "./planted-run.js";
import { compareWithTruth, readTruth, type Comparison, type Truth } from "./planted-truth.js";
import { runScript, usageError } from "./script-main.js";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const USAGE = "npm run planted -- [--seeds N] [--only PLANT,…] [--json FILE] [--quick]";
const CONFIDENCE = 0.95;

/** One audited pair. */
interface Row {
  readonly seed: number;
  readonly plant: string;
  readonly harmless: boolean;
  readonly seconds: number;
  readonly variables: readonly Comparison[];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printRow({ seed, plant, seconds, variables }: Row): void {
  for (const { variable, planted, said, mistakes } of variables) {
    const ok = mistakes.length === 0 ? "ok" : `WRONG: ${mistakes.join("; ")}`;
    const name = `${seed}  ${plant.padEnd(11)} ${variable.padEnd(14)}`;
    const same = planted === said;
    print(`${name} ${planted}${same ? "" : ` → ${said}`}  ${ok}`);
  }
  print(`${seed}  ${plant.padEnd(11)} ${seconds.toFixed(0)} s`);
}

function rate(name: string, tally: Tally): string {
  const interval = wilson(tally, CONFIDENCE);
  const share = `${tally.hits} of ${tally.n}`;
  if (interval.kind === "undefined") return `${name}: ${share}`;
  const [low, high] = [interval.low, interval.high].map((x) => `${(100 * x).toFixed(2)} %`);
  return `${name}: ${share} [${low}, ${high}] (Wilson 95 %)`;
}

/** The rates under the table, and the same for the JSON file. */
function ratesOf(rows: readonly Row[]): Readonly<Record<string, Tally>> {
  const variables = rows.flatMap((row) => row.variables);
  const harmless = rows.filter((row) => row.harmless).flatMap((row) => row.variables);
  const sum = (all: readonly Comparison[], key: "cells" | "falseAlarms"): number =>
    all.reduce((total, each) => total + each[key], 0);
  const wrong = variables.filter(({ mistakes }) => mistakes.length > 0).length;
  return {
    "variables not called as planted": { hits: wrong, n: variables.length },
    "false alarms, cells of all plants": {
      hits: sum(variables, "falseAlarms"),
      n: sum(variables, "cells"),
    },
    "false alarms, cells of harmless plants": {
      hits: sum(harmless, "falseAlarms"),
      n: sum(harmless, "cells"),
    },
  };
}

interface Plan {
  readonly truth: Truth;
  readonly seeds: readonly number[];
  /** Layers and options of the tests instead of all layers and the defaults. */
  readonly quick: boolean;
}

async function auditAll({ truth, seeds, quick }: Plan): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const seed of seeds) {
    for (const [plant, planted] of Object.entries(truth)) {
      const started = performance.now();
      const less = quick ? { layers: planted.testLayers, args: FEW } : {};
      const result = await auditPlant({ main: MAIN, plant: planted, seed, ...less });
      const seconds = (performance.now() - started) / 1000;
      const variables = compareWithTruth(result, { plant: planted, layers: less.layers });
      const row = { seed, plant, harmless: planted.harmless, seconds, variables };
      printRow(row);
      rows.push(row);
    }
  }
  return rows;
}

function choosePlants(truth: Truth, only: string | undefined): Truth {
  if (only === undefined) return truth;
  const names = only.split(",");
  const unknown = names.filter((name) => !Object.hasOwn(truth, name));
  if (unknown.length > 0)
    throw usage(`one of ${Object.keys(truth).join(", ")}`, unknown.join(", "));
  return Object.fromEntries(Object.entries(truth).filter(([name]) => names.includes(name)));
}

function chooseSeeds(text: string): readonly number[] {
  const known = plantedSeeds();
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1 && n <= known.length) return known.slice(0, n);
  throw usage(`1 to ${known.length} seeds`, text);
}

function usage(expected: string, found: string): Error {
  return usageError(USAGE, expected, found);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1" },
      only: { type: "string" },
      json: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  if (!existsSync(PLANTED)) throw usage("to be started in the repository", process.cwd());
  const truth = choosePlants(readTruth(join(PLANTED, "truth.json")), values.only);
  const rows = await auditAll({ truth, seeds: chooseSeeds(values.seeds), quick: values.quick });
  const rates = ratesOf(rows);
  for (const [name, tally] of Object.entries(rates)) print(rate(name, tally));
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ rows, rates }, null, 1)}\n`);
  }
  return rows.some(({ variables }) => variables.some((each) => each.mistakes.length > 0)) ? 1 : 0;
}

runScript(main);
