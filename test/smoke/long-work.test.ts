/** @file What can come between a run and its end: kills, full disks, second runs, folders that cannot be written to. */
import { spawn, type ChildProcess } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCK_FILE } from "../../src/store/lock.js";
import { contentOf, killAudit } from "../support/killed-audit.js";
import { mountSmallDisk, type SmallDisk } from "../support/small-disk.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { runCli } from "./run-cli.js";

const folder = temporaryFolder();
const BASE = resolve("fixtures/demo/base");
const TUNED = resolve("fixtures/demo/rotated");
/** Four small cells. */
const SMALL = [
  ...["--audit", "number-agreement", "--layers", "2,5", "--items", "160", "--pairs", "60"],
  ...["--steps", "4", "--controls", "core", "--exit-zero"],
];
const SLOW_MS = 240_000;

let runs = 0;
const newOut = (): string => join(folder, `out-${++runs}`);
const argsOf = (out: string): string[] => [BASE, TUNED, ...SMALL, "--out", out];

let whole = "";
beforeAll(async () => {
  whole = newOut();
  const { code, stderr } = await runCli([...argsOf(whole), "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}, SLOW_MS);

/** A run whose first cells are done, as `started` sees in its working folder. */
async function startedRun(out: string, cells = 1): Promise<ChildProcess> {
  const child = spawn(process.execPath, [resolve("dist/src/main.js"), ...argsOf(out), "--quiet"], {
    stdio: "ignore",
  });
  const done = (): number => {
    const place = join(`${out}.partial`, "cells");
    return existsSync(place)
      ? readdirSync(place).filter((name) => name.endsWith(".json")).length
      : 0;
  };
  while (done() < cells && child.exitCode === null)
    await new Promise((later) => setTimeout(later, 20));
  expect(child.exitCode).toBeNull();
  return child;
}

/** Id of the process that works in the run's folder, as its lock says. */
function holderOf(out: string): number {
  const text = readFileSync(join(`${out}.partial`, LOCK_FILE), "utf8");
  return (JSON.parse(text) as { pid: number }).pid;
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  return new Promise((resolve_) => child.on("exit", resolve_));
}

/** The same command again ends well, with the bytes of an uninterrupted run; resolves to what it said meanwhile. */
async function continued(out: string, ...options: readonly string[]): Promise<string> {
  const { code, stderr } = await runCli([...argsOf(out), ...options]);
  expect(code).toBe(0);
  expect(contentOf(out)).toEqual(contentOf(whole));
  return stderr;
}

describe("a run that was killed", () => {
  it(
    "at any moment is continued to the same bytes, and leaves nothing behind",
    async () => {
      const args = [BASE, TUNED, ...SMALL];
      const killed = await killAudit({ kills: 2, seed: 1, args });
      expect(killed).toMatchObject({ kills: 2, differences: [], leftBehind: [] });
      expect(killed.finished).toBeGreaterThan(0);
    },
    SLOW_MS,
  );

  it(
    "says what it reuses, and refuses another plan by its first difference",
    async () => {
      const out = newOut();
      const child = await startedRun(out);
      child.kill("SIGKILL");
      await ended(child);
      const changed = argsOf(out).map((arg) => (arg === "60" ? "70" : arg));
      const refused = await runCli(changed);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/^PLAN_CHANGED .*expected --pairs as then \(60\), found 70$/m);
      const lines = (await continued(out, "--json-progress")).trimEnd().split("\n");
      const events = lines.map((line) => JSON.parse(line) as { event: string; found?: number });
      expect(events.find(({ event }) => event === "continues")?.found).toBeGreaterThan(0);
    },
    SLOW_MS,
  );

  it(
    "by Ctrl-C twice ends with 130 and keeps its cells",
    async () => {
      const out = newOut();
      const child = await startedRun(out);
      child.kill("SIGINT");
      child.kill("SIGINT");
      expect(await ended(child)).toBe(130);
      expect(readdirSync(join(`${out}.partial`, "cells")).length).toBeGreaterThan(0);
      await continued(out, "--quiet");
    },
    SLOW_MS,
  );
});

it(
  "a second run in the same folder refuses, naming the first",
  async () => {
    const out = newOut();
    const child = await startedRun(out);
    const holder = holderOf(out);
    process.kill(holder, "SIGSTOP"); // or it may be done before the second has begun
    const second = await runCli(argsOf(out)).finally(() => process.kill(holder, "SIGCONT"));
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(
      new RegExp(`^OUTPUT_IN_USE .*found process ${holder} on .*, since 20`, "m"),
    );
    expect(await ended(child)).toBe(0);
    expect(contentOf(out)).toEqual(contentOf(whole));
  },
  SLOW_MS,
);

describe("a disk of its own", () => {
  /** Room for the run twice over. */
  const SIZE = 64 << 20;
  let disk: SmallDisk | string;
  beforeAll(() => {
    disk = mountSmallDisk(SIZE);
  });
  afterAll(() => {
    if (typeof disk !== "string") disk.remove();
  });

  it(
    "that is full ends with 5 and the figures, loses nothing, and goes on when there is room",
    async (test) => {
      if (typeof disk === "string") return test.skip(disk);
      const out = join(disk.path, "out");
      const child = await startedRun(out);
      child.kill("SIGKILL");
      await ended(child);
      await new Promise((later) => setTimeout(later, 1500)); // its child sees that and ends
      const cells = join(`${out}.partial`, "cells");
      const before = readdirSync(cells);
      const ballast = join(disk.path, "ballast");
      fill(ballast);
      const full = await runCli(argsOf(out));
      expect(full.code).toBe(5);
      expect(full.stderr).toMatch(/^DISK_FULL /m);
      expect(full.stderr).toMatch(/0 (B|bytes) free/);
      expect(full.stderr).toContain(disk.path);
      expect(readdirSync(cells)).toEqual(expect.arrayContaining(before));
      rmSync(ballast);
      expect(await continued(out)).toMatch(/^continues: \d of 4 cells/m);
    },
    SLOW_MS,
  );

  it(
    "that cannot be written to serves for models and as the folder where one stands, not for results",
    async (test) => {
      if (typeof disk === "string") return test.skip(disk);
      rmSync(join(disk.path, "out"), { recursive: true, force: true });
      mkdirSync(join(disk.path, "models"));
      cpSync(BASE, join(disk.path, "models/base"), { recursive: true });
      cpSync(TUNED, join(disk.path, "models/rotated"), { recursive: true });
      disk.makeReadOnly();
      const pair = ["models/base", "models/rotated", ...SMALL];
      const refused = await runCli(pair, disk.path);
      expect(refused.code).toBe(5);
      expect(refused.stderr).toMatch(/^OUTPUT_NOT_WRITABLE .*EROFS/m);
      expect(refused.stderr).toContain("--out");
      const out = newOut();
      const { code, stderr } = await runCli([...pair, "--quiet", "--out", out], disk.path);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(contentOf(out)).toEqual(contentOf(whole));
    },
    SLOW_MS,
  );
});

/** Writes until nothing fits any more. */
function fill(path: string): void {
  const block = Buffer.alloc(1 << 16);
  try {
    for (;;) writeFileSync(path, block, { flag: "a" });
  } catch {
    return; // full
  }
}

describe("a stored result", () => {
  it(
    "is reproduced from elsewhere, and what was edited is named",
    async () => {
      const same = await runCli(["reproduce", whole, "--quiet"], folder);
      expect({ code: same.code, stderr: same.stderr }).toEqual({ code: 0, stderr: "" });
      expect(same.stdout).toMatch(
        /^reproduced: every number and every word of 4 cells is the same/,
      );
      const text = readFileSync(join(whole, "result.json"), "utf8");
      const edited = join(folder, "edited.json");
      writeFileSync(
        edited,
        text
          .replace(/"bits": (\d)/, (_, n) => `"bits": ${Number(n) + 1}`)
          .replace(/"answerMass": ([\d.]+)/, '"answerMass": 0.5'),
      );
      const differs = await runCli(["reproduce", edited, "--quiet"], folder);
      expect(differs.code).toBe(1);
      expect(differs.stdout).toMatch(
        /^DIFFERS in 1 place; every word is the same\n {2}audits\[0\]\.natural\.base\.answerMass: was 0\.5, is /,
      );
    },
    SLOW_MS,
  );

  it(
    "judged again is reproduced too, without its policy file",
    async () => {
      const policy = join(folder, "strict.yaml");
      writeFileSync(policy, "tau: 0.9\n");
      const again = newOut();
      await runCli(["report", whole, "--policy", policy, "--out", again, "--quiet", "--exit-zero"]);
      rmSync(policy);
      const { code, stdout } = await runCli(["reproduce", again, "--quiet"]);
      expect({ code, stdout }).toMatchObject({ code: 0 });
      expect(stdout).toMatch(/^reproduced/);
    },
    SLOW_MS,
  );

  it(
    "names every input that is missing or another",
    async () => {
      const text = readFileSync(join(whole, "result.json"), "utf8");
      const moved = join(folder, "moved.json");
      const place = (name: string): RegExp => new RegExp(`"[^"]*/fixtures/demo/${name}`, "g");
      const lost = text.replaceAll(place("base"), '"/nowhere/base');
      writeFileSync(moved, lost.replaceAll(place("rotated"), `"${BASE}`));
      const { code, stderr } = await runCli(["reproduce", moved]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^INPUTS_DIFFER/m);
      expect(stderr).toMatch(/base model \(\/nowhere\/base\/.*found nothing at this path/);
      expect(stderr).toMatch(/tuned model \(.*expected sha256 [0-9a-f]{64}, found sha256/);
      const found = await runCli(["reproduce", moved, "--base", BASE, "--tuned", TUNED, "--quiet"]);
      expect(found.code).toBe(0);
    },
    SLOW_MS,
  );
});
