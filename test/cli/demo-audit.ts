/** @file Small audits of the demonstration pair by the command line, for tests of options that change how maps are learned. */
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { auditCommand } from "../../src/cli/audit-command.js";
import { planCommand } from "../../src/cli/plan-command.js";
import type { AuditParts } from "../../src/cli/run-audit.js";
import { ADAPTERS, AUDITS, TEXT_AUDITS } from "../../src/library/built-in.js";
import { parseResult } from "../../src/library/result.js";
import type { Result } from "../../src/report/schema.js";
import { run, type Ran } from "./run.js";

const PARTS: AuditParts = { adapters: ADAPTERS, audits: AUDITS, texts: TEXT_AUDITS };
const PAIR = [resolve("fixtures/demo/base"), resolve("fixtures/demo/rotated")];
/** Two cells, one of which is learned; 60 trials per direction. */
const SMALL = [
  ...["--audit", "number-agreement", "--layers", "2", "--items", "160", "--pairs", "60"],
  ...["--steps", "20", "--device", "cpu", "--exit-zero", "--json", "--quiet"],
];

/** The program with the commands that audit and plan. */
export function mas(...args: readonly string[]): Promise<Ran> {
  return run(args, {
    audit: (options, io) => auditCommand(options, io, PARTS),
    plan: (options, io) => planCommand(options, io, PARTS),
  });
}

/** What an audit with these options finds; its results lie in a folder named after them. */
export async function auditDemo(folder: string, ...args: readonly string[]): Promise<Result> {
  const out = join(folder, args.join(" "));
  const ran = await mas(...PAIR, ...SMALL, "--out", out, ...args);
  expect({ exitCode: ran.exitCode, stderr: ran.stderr }).toEqual({ exitCode: 0, stderr: "" });
  return parseResult(ran.stdout);
}
