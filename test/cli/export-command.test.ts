import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import type { ExportOptions } from "../../src/cli/commands.js";
import { exportCommand } from "../../src/cli/export-command.js";
import { MasAuditError } from "../../src/errors.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { loadModel } from "../../src/models/load.js";
import { runWhole } from "../../src/models/whole-run.js";
import { createSession } from "../../src/runtime/session.js";
import { checkpointFixture, checkpointReference } from "../support/checkpoints.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { keepingSink } from "./run.js";

const root = temporaryFolder();
let copies = 0;

/** A copy of a fixture inside a folder of its own. */
function folderWith(name: string): { above: string; model: string } {
  const above = join(root, String(copies++));
  const model = join(above, "model");
  mkdirSync(model, { recursive: true });
  for (const file of ["config.json", "model.safetensors"])
    copyFileSync(join(checkpointFixture(name), file), join(model, file));
  return { above, model };
}

async function run(
  options: Partial<ExportOptions> & { folder: string; out: string },
): Promise<string> {
  const stdout = keepingSink();
  const io = { stdout, stderr: keepingSink(), signal: new AbortController().signal, argv: [] };
  const all = { copy: false, force: false, json: true, verbose: false, ...options };
  expect(await exportCommand(all, io, { adapters: ADAPTERS })).toBe(0);
  return stdout.text();
}

async function refusal(options: Parameters<typeof run>[0]): Promise<MasAuditError> {
  try {
    await run(options);
  } catch (error) {
    if (error instanceof MasAuditError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

async function logits(path: string, name: string): Promise<number[][]> {
  const located = await loadModel(path, { adapters: ADAPTERS });
  const session = await createSession(buildWhole(located), { threads: 1 });
  const rows = await runWhole(session, located, checkpointReference(name).rows);
  await session.release();
  return rows.map((row) => [...row.logits]);
}

describe("mas-audit export", () => {
  it("writes a small file beside the weights that gives the folder's own numbers", async () => {
    const { model } = folderWith("gemma3");
    const out = join(model, "graph.onnx");
    const written: unknown = JSON.parse(await run({ folder: model, out }));
    expect(written).toMatchObject({ family: "gemma3", blocks: 3, weights: ["model.safetensors"] });
    expect(await logits(out, "gemma3")).toEqual(await logits(model, "gemma3"));
  });

  it("writes into a folder above the weights", async () => {
    const { above, model } = folderWith("gpt2");
    const out = join(above, "graph.onnx");
    const written: unknown = JSON.parse(await run({ folder: model, out }));
    expect(written).toMatchObject({ weights: [join("model", "model.safetensors")] });
    expect(await logits(out, "gpt2")).toEqual(await logits(model, "gpt2"));
  });

  it("refuses a place from which the weights cannot be reached, unless they are copied", async () => {
    const { above, model } = folderWith("phi");
    const other = join(above, "other");
    mkdirSync(other);
    const out = join(other, "graph.onnx");
    const { code, exitCode, hint } = await refusal({ folder: model, out });
    expect({ code, exitCode }).toEqual({ code: "EXPORT_REACH", exitCode: 2 });
    expect(hint).toMatch(/model\.onnx, or add --copy-weights$/);
    expect(readdirSync(other)).toEqual([]);
    await run({ folder: model, out, copy: true });
    expect(readdirSync(other).sort()).toEqual(["graph.onnx", "graph.onnx.data"]);
    expect(await logits(out, "phi")).toEqual(await logits(model, "phi"));
  });

  it("overwrites nothing unless asked to", async () => {
    const { above, model } = folderWith("gpt2");
    const out = join(above, "graph.onnx");
    writeFileSync(out, "mine");
    expect((await refusal({ folder: model, out })).code).toBe("EXPORT_EXISTS");
    expect(readFileSync(out, "utf8")).toBe("mine");
    await run({ folder: model, out, force: true });
    expect(readFileSync(out, "utf8")).not.toBe("mine");
    writeFileSync(join(above, "copy.onnx.data"), "mine");
    const copied = { folder: model, out: join(above, "copy.onnx"), copy: true };
    expect((await refusal(copied)).code).toBe("EXPORT_EXISTS");
  });

  it("gives advice that its own command line can follow where nothing can be written", async () => {
    const { above, model } = folderWith("gpt2");
    const out = join(above, `${"x".repeat(300)}.onnx`);
    for (const copy of [false, true]) {
      const { code, hint } = await refusal({ folder: model, out, copy });
      expect({ code, hint }).toEqual({ code: "OUTPUT_NOT_WRITABLE", hint: "name another OUT" });
    }
  });

  it("says what is wrong with the folder or the name", async () => {
    const { above, model } = folderWith("gpt2");
    const code = async (folder: string, out: string): Promise<string> =>
      (await refusal({ folder, out: join(above, out) })).code;
    expect(await code(above, "a.onnx")).toBe("NO_CHECKPOINT");
    expect(await code(model, "a.bin")).toBe("EXPORT_NAME");
    expect(await code(model, "no-such/a.onnx")).toBe("EXPORT_FOLDER");
    expect(existsSync(join(above, "a.onnx"))).toBe(false);
  });
});
