/**
 * @file One run per folder: the second is refused, a dead one's lock is taken over.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCK_FILE, takeLock } from "../../src/store/lock.js";
import { refusalOf } from "../support/refusals.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mas-audit-lock-"));
  file = join(folder, LOCK_FILE);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly processStart: string | null;
  readonly boot?: string;
  readonly since: string;
}
const here = { host: hostname(), since: "2025-01-01T00:00:00.000Z" };
const write = (holder: Holder): void => {
  writeFileSync(file, JSON.stringify(holder));
};
/** The id of a process that has just ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid!;
}

describe("a lock", () => {
  it("refuses a second run, naming the first", () => {
    const lock = takeLock(folder);
    const error = refusalOf(() => takeLock(folder));
    expect(error).toMatchObject({
      exitCode: 2,
      code: "OUTPUT_IN_USE",
      message: "output folder is in use",
      where: file,
      expected: "one run at a time",
      hint: "wait for it, or name another folder with --out; if no such run exists, remove this file",
    });
    expect(error.found).toMatch(new RegExp(`^process ${process.pid} on ${hostname()}, since 20`));
    lock.release();
  });

  it("can be taken again after its release", () => {
    takeLock(folder).release();
    expect(existsSync(file)).toBe(false);
    takeLock(folder).release();
  });

  it("of a dead process is taken over", async () => {
    write({ ...here, pid: await deadPid(), processStart: null });
    takeLock(folder).check();
    expect(readFileSync(file, "utf8")).toContain(`"pid":${process.pid},`);
  });

  it.runIf(process.platform === "linux")(
    "of a dead process whose id was given away is taken over",
    () => {
      write({ ...here, pid: process.pid, processStart: "1" });
      takeLock(folder).check();
    },
  );

  it("from before a reboot is taken over, although its process id is in use again", () => {
    write({ ...here, pid: process.pid, processStart: null, boot: "another start" });
    takeLock(folder).check();
  });

  it("on another machine is for a person to remove", () => {
    write({ pid: 1, host: "elsewhere", processStart: null, since: here.since });
    expect(refusalOf(() => takeLock(folder)).found).toBe(
      `process 1 on elsewhere, since ${here.since}`,
    );
  });

  it("that is no lock of ours is taken over", () => {
    writeFileSync(file, '{"pid":');
    takeLock(folder).check();
  });

  it("notices that somebody else has taken it", () => {
    const lock = takeLock(folder);
    write({ ...here, pid: 1, processStart: null });
    expect(
      refusalOf(() => {
        lock.check();
      }),
    ).toMatchObject({ exitCode: 5, code: "LOCK_LOST" });
    lock.release();
    expect(existsSync(file)).toBe(true);
  });
});
