/**
 * @file An audit killed at random moments (`kill -9`) and continued by the same command each time: what it leaves at last
 * must be byte for byte what an uninterrupted run leaves.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { invariant } from "../../src/errors.js";
import { stream } from "../../src/stats/stream.js";

/** How an audit is killed. */
export interface Killing {
  readonly kills: number;
  readonly seed: number;
  /** The audit, without its output folder. */
  readonly args: readonly string[];
  /** Told of every kill and of every run that came to its end. */
  readonly tell?: (text: string) => void;
}

/** What came of it. */
export interface Killed {
  readonly kills: number;
  /** Kills after which at least one finished cell was continued. */
  readonly continued: number;
  /** Runs that came to their end between kills, all compared. */
  readonly finished: number;
  readonly uninterruptedMs: number;
  /** What differed, in words; empty where everything was the same. */
  readonly differences: readonly string[];
  /** Files that were left where temporary files go, or beside the outputs. */
  readonly leftBehind: readonly string[];
}

/** Kills an audit at random moments and compares what it leaves. */
export async function killAudit({
  kills,
  seed,
  args,
  tell = () => undefined,
}: Killing): Promise<Killed> {
  const place = mkdtempSync(join(tmpdir(), "mas-audit-killed-"));
  const temporary = join(place, "tmp");
  mkdirSync(temporary);
  const random = stream(seed, "test/kill-audit");
  const differences: string[] = [];
  const outs = ["whole"];
  const run = (out: string, blow?: Blow): Promise<Ended> =>
    runAudit([...args, "--out", join(place, out)], { temporary, blow });
  try {
    const whole = await run("whole");
    invariant(
      whole.code === 0,
      `the uninterrupted run ended with ${String(whole.code)}: ${whole.stderr}`,
    );
    const expected = contentOf(join(place, "whole"));
    tell(`uninterrupted: ${seconds(whole.ms)}`);
    let [done, continued, finished] = [0, 0, 0];
    for (let attempt = 0, last = false; !last; attempt++) {
      const out = `killed-${finished}`;
      last = done === kills;
      // both processes at once, as a power cut; or the one that a user sees, whose child has to notice
      const whom = attempt % 2 === 0 ? "group" : "parent";
      // anywhere in a run, start included, or some moments after a finished cell
      const afterMs = random.int(attempt % 4 < 2 ? CELL_MS : Math.round(whole.ms));
      const cells = attempt % 4 < 2 ? 1 + random.int(CELLS) : 0;
      const ended = await run(out, last ? undefined : { afterMs, cells, whom });
      if (/^continues: /m.test(ended.stderr)) continued++;
      if (ended.killed) {
        done++;
        tell(`kill ${done} (${whom}) after ${seconds(ended.ms)}: ${cellsIn(place, out)} cells`);
      }
      // in place also where the kill came after the last rename, or where the child of a killed process got to its end
      const isThere = existsSync(join(place, out));
      if (!isThere && ended.killed) continue;
      if (!isThere) {
        differences.push(`a continued run ended with ${String(ended.code)}: ${ended.stderr}`);
        break;
      }
      finished++;
      outs.push(out);
      const found = differenceOf(expected, contentOf(join(place, out)));
      if (found !== undefined) differences.push(found);
      tell(`a result is in place: ${found ?? "identical"}`);
      // a kill between its rename and the end leaves the cells, which the next run with --force takes away
      if (ended.killed) rmSync(join(place, `${out}.partial`), { recursive: true, force: true });
    }
    const beside = readdirSync(place).filter((name) => name !== "tmp" && !outs.includes(name));
    const leftBehind = [...beside, ...readdirSync(temporary).map((name) => join("tmp", name))];
    return {
      ...{ kills: done, continued, finished, differences, leftBehind },
      uninterruptedMs: whole.ms,
    };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** A kill waits for this many cells at most, which a resumed run may have reused. */
const CELLS = 3;
/** … and then for this long at most. */
const CELL_MS = 600;

/** When a run is killed. */
interface Blow {
  /** Finished cells to wait for; 0 = none, from the start of the process. */
  readonly cells: number;
  readonly afterMs: number;
  /** All its processes, or the one that a user sees. */
  readonly whom: "group" | "parent";
}

interface Ended {
  readonly code: number | null;
  readonly killed: boolean;
  readonly stderr: string;
  readonly ms: number;
}

/** Runs the built command line; kills it at a moment. */
async function runAudit(
  args: readonly string[],
  { temporary, blow }: { readonly temporary: string; readonly blow: Blow | undefined },
): Promise<Ended> {
  const main = resolve("dist/src/main.js");
  invariant(existsSync(main), "dist is missing: run `npm run build` first");
  const startMs = performance.now();
  const child = spawn(process.execPath, [main, ...args], {
    detached: true, // a process group of its own
    env: { ...process.env, NO_COLOR: "1", TMPDIR: temporary },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { pid } = child;
  invariant(pid !== undefined, "the audit did not start");
  let stderr = "";
  let timer: NodeJS.Timeout | undefined;
  const aim = (): void => {
    const done = stderr.match(/^.* \d+\/\d+ .* left$/gm)?.length ?? 0;
    if (blow === undefined || timer !== undefined || done < blow.cells) return;
    timer = setTimeout(() => {
      process.kill(blow.whom === "group" ? -pid : pid, "SIGKILL");
    }, blow.afterMs);
  };
  aim();
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    aim();
  });
  // "exit" is of the parent alone: its child may live on for a moment, as it does for a user
  const code = await new Promise<number | null>((done) => child.on("exit", done));
  clearTimeout(timer);
  return { code, killed: child.signalCode === "SIGKILL", stderr, ms: performance.now() - startMs };
}

function cellsIn(place: string, out: string): number {
  const cells = join(place, `${out}.partial`, "cells");
  return existsSync(cells) ? readdirSync(cells).filter((name) => name.endsWith(".json")).length : 0;
}

/** Every file of an output; of the result, what two identical runs have in common. */
export function contentOf(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => name !== "report.html"); // prints the times of the run
  return new Map(files.sort().map((name) => [name, textOf(join(folder, name))]));
}

function textOf(path: string): string {
  const bytes = readFileSync(path);
  if (!path.endsWith("result.json")) return bytes.toString("latin1");
  // as text, so that the order of keys and the form of numbers count
  const [repeatable, timing] = bytes.toString().split('\n    "timing": ');
  invariant(repeatable !== undefined && timing !== undefined, `${path} has no times`);
  return repeatable;
}

function differenceOf(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string | undefined {
  const names = [...new Set([...expected.keys(), ...found.keys()])];
  const differing = names.filter((name) => expected.get(name) !== found.get(name));
  return differing.length === 0 ? undefined : `differs: ${differing.join(", ")}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
