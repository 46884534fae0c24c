/**
 * @file Ctrl-C as a user's shell sees it: real processes, real signals.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transpile, type Transpiled } from "../support/transpiled.js";

/** What is promised to the user, in milliseconds. */
const PROMISE_MS = 1000;
/** Room for a busy machine: the promise is about our waiting, not about a starved scheduler. */
const SCHEDULING_MS = 500;

const SCRIPT = `
import { runMain } from "./src/cli/run-main.js";
const unused = () => Promise.reject(new Error("not called"));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const audits = {
  polite: async (io) => { for (;;) { io.signal.throwIfAborted(); await sleep(20); } },
  deaf: async () => { for (;;) await sleep(20); },
  blocked: async () => { const end = Date.now() + 20_000; while (Date.now() < end); return 0; },
  dying: async () => { process.kill(process.pid, "SIGKILL"); await sleep(5_000); },
  failing: async () => 1,
  broken: async () => { throw new TypeError("x is not a function"); },
};
const audit = async (options, io) => {
  process.stderr.write("started\\n");
  return audits[options.tuned](io);
};
process.exitCode = await runMain({
  argv: process.argv.slice(2),
  script: process.argv[1],
  version: "1.2.3",
  commands: { audit, inspect: unused, gradcheck: unused, schema: unused },
});
`;

let js: Transpiled;
let script: string;
beforeAll(() => {
  js = transpile(["", "cli", "plan", "measure", "report", "verdict", "similarity"]);
  script = js.script("main.mjs", SCRIPT);
});
afterAll(() => {
  js.remove();
});

/** Colour libraries paint into pipes where these are set; what is piped must stay plain. */
const CI = { ...process.env, CI: "true", FORCE_COLOR: "1" };

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  /** From the last signal to the end. */
  readonly ms: number;
}

/** Starts an audit of a kind; sends the signals after it has started. */
async function interrupt(kind: string, signals: readonly NodeJS.Signals[]): Promise<Ended> {
  const child = spawn(process.execPath, [script, "base", kind], { cwd: js.folder, env: CI });
  let stderr = "";
  let since = Date.now();
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    if (chunk.toString().includes("started")) {
      since = Date.now();
      for (const signal of signals) child.kill(signal);
    }
  });
  const code = await exited(child);
  return { code, stderr: stderr.replace("started\n", ""), ms: Date.now() - since };
}

function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on("close", resolve));
}

const INTERRUPTED = (signal: string): string =>
  `INTERRUPTED interrupted by ${signal}\n  hint  the same command resumes with what is finished\n`;

describe("an interrupted run", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "ends with 130 after %s, and says how to go on",
    async (signal) => {
      const { code, stderr } = await interrupt("polite", [signal]);
      expect({ code, stderr }).toEqual({ code: 130, stderr: INTERRUPTED(signal) });
    },
  );

  it.each(["polite", "deaf", "blocked"])("that is %s ends within a second", async (kind) => {
    const { code, stderr, ms } = await interrupt(kind, ["SIGINT"]);
    expect({ code, stderr }).toEqual({ code: 130, stderr: INTERRUPTED("SIGINT") });
    expect(ms).toBeLessThan(PROMISE_MS + SCHEDULING_MS);
  });
});

describe("a supervised run", () => {
  it("passes its exit code on", async () => {
    expect(await interrupt("failing", [])).toMatchObject({ code: 1, stderr: "" });
  });

  it("passes an error of ours on as 70", async () => {
    const { code, stderr } = await interrupt("broken", []);
    expect({ code, stderr }).toEqual({
      code: 70,
      stderr:
        "INTERNAL internal: x is not a function\n" +
        "  hint  this is a bug in mas-audit: please report it with the command that led here\n",
    });
  });

  it("that the system kills ends with 5 and a sentence", async () => {
    const { code, stderr } = await interrupt("dying", []);
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr:
        "KILLED the run was ended from outside: found SIGKILL\n" +
        "  hint  most often the system ran out of memory: try a smaller --batch or fewer --layers; the same command resumes\n",
    });
  });

  it("ends when its supervisor is killed", async () => {
    const child = spawn(process.execPath, [script, "base", "deaf"], { cwd: js.folder });
    child.stderr.on("data", () => child.kill("SIGKILL"));
    const since = Date.now();
    await exited(child); // "close" waits for the grandchild too: it holds the same stderr
    expect(Date.now() - since).toBeLessThan(5000);
  });
});
