/**
 * @file `node dist/test/bench/large-pair.js [--json FILE] [--folder DIR] [--prompts N] [--tokens N] [--threads N]`: does a
 * pair of 1.5B parameters in half precision (`sparse-checkpoint.ts`) fit, and what does it cost? Captures in both models,
 * then steps at two layers, patched at the last token: loss and gradient of all four ordered directions, without the update
 * (under a hundredth of it).
 *
 * `resident` counts a page as often as it is mapped; `physical` counts it once (Pss of Linux), `private` are the program's
 * own pages, no file's: copies of weights would stand there.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { ADAPTERS } from "../../adapters/index.js";
import { capture, type Capture } from "../../src/capture/capture.js";
import { present } from "../../src/errors.js";
import { suffixContinuation, SuffixSessions } from "../../src/measure/suffix-runner.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { PreparedAudit } from "../../src/models/prepared-items.js";
import { DEFAULTS } from "../../src/plan/defaults.js";
import { makePrompts } from "./prompts.js";
import { describeMachine } from "./report.js";
import { sessionOf } from "./session-options.js";
import { writeSparseCheckpoint, type HalfType } from "./sparse-checkpoint.js";
import { digits, timed } from "./spread.js";

const PAIR: readonly HalfType[] = ["BF16", "F16"];
/** The middle, and the last block but one: 14 blocks and one above. */
const LAYERS = [14, 27];
/** Pairs per direction. */
const PAIRS = [64, 16];
const ROUNDS = 3;

/** One stage: times, and memory after it. */
interface Stage {
  readonly what: string;
  readonly ms: number;
  readonly cpuMs: number;
  readonly residentMB: number;
  readonly physicalMB: number;
  readonly privateMB: number;
  readonly peakResidentMB: number;
}

interface Side {
  readonly located: LocatedModel;
  readonly captured: Capture;
}

const stages: Stage[] = [];

async function stage<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const { value, ms, cpuMs } = await timed(work);
  const memory = readFileSync("/proc/self/smaps_rollup", "utf8");
  const mb = (name: string): number =>
    Number(present(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(memory)?.[1], name)) / 1e3;
  const known = {
    ...{ what, ms, cpuMs },
    ...{ residentMB: mb("Rss"), physicalMB: mb("Pss"), privateMB: mb("Private_Dirty") },
    peakResidentMB: process.resourceUsage().maxRSS / 1e3,
  };
  stages.push(known);
  process.stdout.write(`${what}: ${digits(ms)} ms\n`);
  return value;
}

/** Loss and gradient of all rows of one step: two sources for each of both targets. */
async function step(
  sides: readonly Side[],
  sessions: readonly SuffixSessions[],
  { prepared, pairs, layer }: { prepared: PreparedAudit; pairs: number; layer: number },
): Promise<void> {
  const items = Int32Array.from({ length: 2 * pairs }, (_, row) => row % prepared.items.length);
  const labels = items.map((item) => (item + 1) % prepared.classes.length);
  const { signal } = new AbortController();
  for (const [i, { located, captured }] of sides.entries()) {
    const states = captured.siteStates(layer, "site");
    const patched = new Float32Array(items.length * located.dModel);
    items.forEach((item, row) => {
      const source = (item + 1) % prepared.items.length;
      const from = source * located.dModel;
      patched.set(states.subarray(from, from + located.dModel), row * located.dModel);
    });
    const site = { capture: captured, prepared, role: "site", rows: DEFAULTS.batch, signal };
    const continuation = suffixContinuation({ ...site, sessions: present(sessions[i], "session") });
    await continuation.backward(items, patched, labels);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "string" },
      folder: { type: "string" },
      prompts: { type: "string", default: "32" },
      tokens: { type: "string", default: "32" },
      threads: { type: "string", default: "2" },
    },
  });
  const [nPrompts, tokens, threads] = [values.prompts, values.tokens, values.threads].map(Number);
  process.stdout.write(`${await describeMachine()}\n`);
  const folder = mkdtempSync(join(values.folder ?? tmpdir(), "large-pair-"));
  try {
    const models = await stage("both written and loaded", async () => {
      const located: LocatedModel[] = [];
      for (const dtype of PAIR) {
        mkdirSync(join(folder, dtype));
        writeSparseCheckpoint(join(folder, dtype), dtype);
        located.push(await loadModel(join(folder, dtype), { adapters: ADAPTERS }));
      }
      return located;
    });
    const { vocab } = present(models[0], "model");
    const prepared = makePrompts({
      ...{ items: present(nPrompts, "prompts"), tokens: present(tokens, "tokens") },
      ...{ suffix: 1, vocab },
    });
    const session = sessionOf(models, { threads: present(threads, "threads") });
    const sides: Side[] = [];
    for (const [i, located] of models.entries()) {
      const captured = await stage(
        `capture of ${prepared.items.length} × ${values.tokens} tokens, ${String(PAIR[i])}`,
        () =>
          capture({
            ...{ located, prepared, layers: LAYERS, caches: true, folder, session },
            ...{ name: String(i), rows: DEFAULTS.batch, signal: new AbortController().signal },
          }),
      );
      sides.push({ located, captured });
    }
    for (const layer of LAYERS) {
      const sessions = models.map(
        (located) => new SuffixSessions(located, { layer, window: true }, session),
      );
      for (const pairs of PAIRS)
        for (let round = 0; round < ROUNDS; round++) {
          await stage(`step after block ${layer}, ${pairs} pairs × 4, round ${round + 1}`, () =>
            step(sides, sessions, { prepared, pairs, layer }),
          );
        }
      for (const each of sessions) await each.release();
    }
    for (const { captured } of sides) captured.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
  const table = new Table({
    head: ["stage", "s", "processor s", "resident MB", "physical MB", "private MB", "peak MB"],
    style: { head: [], border: [] },
  });
  for (const { what, ms, cpuMs, ...memory } of stages) {
    table.push([what, digits(ms / 1e3), digits(cpuMs / 1e3), ...Object.values(memory).map(digits)]);
  }
  process.stdout.write(`${table.toString()}\n`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ pair: PAIR, stages }, null, 2)}\n`);
  }
}

await main();
