/** @file What must not leave the machine, and what must not be kept. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/tiny-models.js";
import type { Finished } from "./run-cli.js";

const folder = temporaryFolder();
const SLOW_MS = 240_000;
/** Stands in prompts of the audit, and in no other text. */
const IN_PROMPTS = "near the house";

/**
 * An audit of somebody's own prompts, of which some examples fail: its span stands at the word that says the number in
 * two of three prompts and before it in the third, so that what is swapped there cannot change the answer.
 */
function writeAudit(): string {
  const nouns = ["key", "dog", "book", "tree", "house", "door", "car", "boat", "cat", "friend"];
  const places = [IN_PROMPTS, "by the door", "on the hill", "in the garden", "under the tree"];
  const items = nouns.flatMap((noun, n) =>
    places.flatMap((place, p) =>
      ["singular", "plural"].map((number) => {
        const word = number === "plural" ? `${noun}s` : noun;
        const span = (n + p) % 3 === 0 ? [0, 3] : [4, 4 + word.length];
        return {
          ...{ prompt: `The ${word} ${place}`, values: { number }, group: noun },
          spans: { word: span },
        };
      }),
    ),
  );
  const path = join(folder, "own.json");
  const audit = {
    ...{ schema: "mas-audit/audit@1", id: "own", title: "Is the number read at the word?" },
    ...{ variables: { number: ["singular", "plural"] }, answers: { is: [" is"], are: [" are"] } },
    ...{ outcome: { by: ["number"], table: { singular: "is", plural: "are" } }, items },
  };
  writeFileSync(path, JSON.stringify(audit));
  return path;
}

const PAIR = [
  ...["fixtures/demo/base", "fixtures/demo/rotated", "--audit", writeAudit(), "--layers", "1"],
  ...["--pairs", "60", "--steps", "4", "--controls", "core", "--exit-zero"],
];

/** Whatever opens a connection or asks for a name is written down and refused, in threads and child processes too. */
const WATCH = `
const { appendFileSync } = require("node:fs");
const refuse = (what) => () => {
  appendFileSync(process.env.NETWORK_LOG, what + "\\n");
  throw new Error("no network: " + what);
};
require("node:net").Socket.prototype.connect = refuse("net");
require("node:dgram").Socket.prototype.send = refuse("dgram");
require("node:dns").lookup = refuse("dns");
require("node:dns").promises.lookup = refuse("dns");
globalThis.fetch = refuse("fetch");
`;
const watchPath = join(folder, "watch.cjs");
writeFileSync(watchPath, WATCH);

interface Watched extends Finished {
  readonly out: string;
  readonly network: string;
  /** What lies where temporary files go. */
  readonly temporary: readonly string[];
}

const SECRET = "sk-planted-5f2c9a71";

async function runWatched(name: string, args: readonly string[]): Promise<Watched> {
  const place = join(folder, name);
  const [out, log, temporary] = [join(place, "out"), join(place, "net"), join(place, "tmp")];
  mkdirSync(temporary, { recursive: true });
  const command = [process.execPath, resolve("dist/src/main.js"), ...args, "--out", out];
  const [program = "", ...rest] = [...isolation(), ...command];
  const child = spawn(program, rest, {
    env: {
      ...process.env,
      ...{ NO_COLOR: "1", HF_TOKEN: SECRET, OPENAI_API_KEY: SECRET, TMPDIR: temporary },
      ...{ NODE_OPTIONS: `--require=${watchPath}`, NETWORK_LOG: log },
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.on("close", done));
  const network = existsSync(log) ? readFileSync(log, "utf8") : "";
  return { code, stdout, stderr, out, network, temporary: readdirSync(temporary) };
}

/** A network of its own, with nothing in it, where this user may have one. */
function isolation(): readonly string[] {
  return spawnSync("unshare", ["-n", "true"]).status === 0 ? ["unshare", "-n"] : [];
}

/** Every file of a folder in one text, bytes as they are. */
function allOf(out: string): string {
  return readdirSync(out, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

function policy(prompts: string): readonly string[] {
  const path = join(folder, `${prompts}.json`);
  writeFileSync(path, JSON.stringify({ prompts }));
  return ["--policy", path];
}

it("the watch sees a connection, a name that is asked for, and a fetch", () => {
  const log = join(folder, "control");
  const tries = ['require("node:net").connect(80, "127.0.0.1")', 'fetch("http://localhost")'];
  for (const code of tries) {
    const env = { ...process.env, NODE_OPTIONS: `--require=${watchPath}`, NETWORK_LOG: log };
    spawnSync(process.execPath, ["-e", code], { env });
  }
  expect(readFileSync(log, "utf8").split("\n").slice(0, 2)).toEqual(["net", "fetch"]);
});

describe("a run", () => {
  it(
    "opens no connection, keeps no environment variable, and leaves no temporary file",
    async () => {
      const args = [...PAIR, ...policy("full"), "--json-progress"];
      const { code, stdout, stderr, out, network, temporary } = await runWatched("full", args);
      expect({ code, network, temporary }).toEqual({ code: 0, network: "", temporary: [] });
      expect(allOf(out) + stdout + stderr).not.toContain(SECRET);
      // the control of the next test: examples quote prompts unless the policy says otherwise
      expect(allOf(out)).toContain(IN_PROMPTS);
      expect(stderr).not.toContain(IN_PROMPTS);
    },
    SLOW_MS,
  );

  it.each(["hash", "none"])(
    "under `prompts: %s` keeps no text of a prompt anywhere",
    async (rule) => {
      const { code, stdout, stderr, out } = await runWatched(rule, [...PAIR, ...policy(rule)]);
      expect(code).toBe(0);
      expect(allOf(out) + stdout + stderr).not.toContain(IN_PROMPTS);
    },
    SLOW_MS,
  );
});
