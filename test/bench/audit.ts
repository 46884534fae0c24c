/**
 * @file Wall time of a whole audit as a user starts it: the built program in a process of its own, start-up and report
 * included. The demo pair with its three audits, or `--model` and `--tuned` with the number agreement audit.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import type { BenchOptions } from "./options.js";
import { demoModel, type Report } from "./report.js";
import { digits, spell, spreadOf, timed } from "./spread.js";

/** Whole audits, at most: each takes long enough to be its own average. */
const ROUNDS = 3;
const DEMO_AUDITS = ["number-agreement", "sentiment", "harmful-request"];

const phaseSchema = z.object({ name: z.string(), elapsedMs: z.number() });
const resultSchema = z.object({
  verdict: z.string(),
  cells: z.array(z.unknown()),
  manifest: z.looseObject({ timing: z.looseObject({ phases: z.array(phaseSchema) }) }),
});

/** Runs whole audits. */
export async function benchAudit(options: BenchOptions): Promise<Report> {
  const { model = demoModel("base"), threads } = options;
  const tuned = options.tuned ?? options.model ?? demoModel("broken");
  const audits = options.model === undefined ? DEMO_AUDITS : DEMO_AUDITS.slice(0, 1);
  const seconds: number[] = [];
  let cells = 0;
  let phases: readonly z.infer<typeof phaseSchema>[] = [];
  for (let round = 0; round < Math.min(ROUNDS, options.rounds); round++) {
    const folder = mkdtempSync(join(tmpdir(), "mas-audit-bench-"));
    try {
      const out = join(folder, "run");
      const asked = audits.flatMap((name) => ["--audit", name]);
      const args = [model, tuned, ...asked, "--out", out, "--threads", String(threads)];
      const { ms } = await timed(() => runProgram([...args, "--quiet", "--exit-zero"]));
      seconds.push(ms / 1e3);
      const text = readFileSync(join(out, "result.json"), "utf8");
      const result = resultSchema.parse(JSON.parse(text));
      cells = result.cells.length;
      ({ phases } = result.manifest.timing);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const spread = spreadOf(seconds);
  return {
    title: `whole audit: ${audits.join(", ")}, ${cells} cells, ${threads} threads`,
    rows: [
      ["wall time, s", spell(spread)],
      ["per cell, s", digits(spread.median / cells)],
      // of the last audit
      ...phases.map(({ name, elapsedMs }): [string, string] => [
        `  ${name}, s`,
        digits(elapsedMs / 1e3),
      ]),
    ],
    json: { seconds: spread, cells, phases },
  };
}

async function runProgram(args: readonly string[]): Promise<void> {
  const program = fileURLToPath(new URL("../../src/main.js", import.meta.url));
  await promisify(execFile)(process.execPath, [program, ...args], { maxBuffer: 1 << 26 });
}
