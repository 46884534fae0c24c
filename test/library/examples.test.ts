/** @file The examples of the README, run as a reader would run them, from the built package. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const runFile = promisify(execFile);

/** Runs a script in which `mas-audit` is this package (its own `exports`, as for any other program). */
async function node(...args: readonly string[]): Promise<string> {
  const { stdout } = await runFile(process.execPath, [...args]);
  return stdout;
}

/** What each example has to say. */
const SAYS: Readonly<Record<string, RegExp>> = {
  "alignment.mjs": /^15 of 15 answers follow the source\n$/,
  "audit.mjs": /^number: transfers\nsentiment: lost\ngate: fail\n$/,
  "gradient.mjs": /^(token \d+: \d+\.\d{3}\n){5}$/,
};

describe("the examples", () => {
  it.each(readdirSync("fixtures/examples"))(
    "say what the README says: %s",
    async (name) => {
      expect(await node(`fixtures/examples/${name}`)).toMatch(SAYS[name]!);
    },
    180_000,
  );
});

describe("importing the library", () => {
  it.each(["mas-audit", "mas-audit/gradient", "mas-audit/result"])(
    "loads no runtime, no tokenizer and no worker: %s",
    async (name) => {
      const script = `
        import { createRequire } from "node:module";
        await import("${name}");
        const cache = Object.keys(createRequire("/").cache);
        const { sharedObjects } = process.report.getReport();
        console.log(JSON.stringify([...cache, ...sharedObjects]));
      `;
      const loaded = await node("--input-type=module", "--eval", script);
      expect(loaded).not.toMatch(/onnxruntime|transformers/);
      expect(JSON.parse(loaded)).not.toEqual([]); // the report does list what is loaded
    },
  );
});
