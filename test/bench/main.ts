/** @file `npm run bench -- [--only …] [--model HF_DIR] [--json FILE] …`: the benches, one table each. Options: `options.ts`. */
import { writeFileSync } from "node:fs";
import { CommanderError } from "commander";
import { exitCodeOf } from "../../src/cli/exit.js";
import { formatError } from "../../src/cli/format-error.js";
import { BENCHES, readOptions, type BenchName, type BenchOptions } from "./options.js";
import { describeMachine, printReport, type Report } from "./report.js";

/** Each bench is loaded when it is run. */
const RUN: Readonly<Record<BenchName, (options: BenchOptions) => Promise<Report>>> = {
  step: async (options) => (await import("./step.js")).benchStep(options),
  learning: async (options) => (await import("./learning.js")).benchLearning(options),
  algebra: async (options) => (await import("./algebra.js")).benchAlgebra(options),
  audit: async (options) => (await import("./audit.js")).benchAudit(options),
  capture: async (options) => (await import("./capture.js")).benchCapture(options),
  load: async (options) => (await import("./load.js")).benchLoad(options),
  scaling: async (options) => (await import("./scaling.js")).benchScaling(options),
  soak: async (options) => (await import("./soak.js")).benchSoak(options),
};

async function main(): Promise<void> {
  const { PYTHON = "" } = process.env; // set to nothing is not set
  const options = readOptions(process.argv.slice(2), PYTHON === "" ? undefined : PYTHON);
  process.stdout.write(`${await describeMachine()}\n`);
  if (options.python === undefined) {
    process.stdout.write("no peers: the environment variable PYTHON names no Python\n");
  }
  const results = new Map<BenchName, Report>();
  for (const name of BENCHES.filter((each) => options.only.includes(each))) {
    const report = await RUN[name](options);
    results.set(name, report);
    process.stdout.write(`\n${printReport(report)}`);
  }
  process.stdout.write(`\nafterwards: ${await describeMachine()}\n`);
  if (options.json !== undefined) writeJson(options.json, results);
}

/** A bench that ran alone is the file's own level; several stand under their names. */
function writeJson(path: string, results: ReadonlyMap<BenchName, Report>): void {
  const [only, ...others] = results.values();
  const json =
    only !== undefined && others.length === 0
      ? only.json
      : Object.fromEntries([...results].map(([name, report]) => [name, report.json]));
  writeFileSync(path, `${JSON.stringify(json, null, 2)}\n`);
}

try {
  await main();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? error.exitCode : exitCodeOf(error);
  if (!(error instanceof CommanderError))
    process.stderr.write(formatError(error, { verbose: false, colour: false }));
}
