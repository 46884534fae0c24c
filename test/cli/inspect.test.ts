/** @file `inspect` on real exports: what it says, how it is laid out, and what it refuses. */
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { inspectCommand } from "../../src/cli/inspect-command.js";
import type { SeenModel } from "../../src/cli/inspect-seen.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportFixture } from "../support/located.js";
import { tinyDecoder } from "../support/tiny-decoder.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { keepingSink } from "./run.js";

const folder = temporaryFolder();

async function inspect(model: string, json = false): Promise<string> {
  const stdout = keepingSink();
  const io = { stdout, stderr: stdout, signal: new AbortController().signal, argv: [] };
  expect(await inspectCommand({ model, json, verbose: false }, io, { adapters: ADAPTERS })).toBe(0);
  return stdout.text();
}

async function seen(path: string): Promise<SeenModel> {
  return JSON.parse(await inspect(exportFixture(path), true)) as SeenModel;
}

describe("inspect", () => {
  it("fits into 80 columns but for paths and says the same facts as its JSON", async () => {
    const text = await inspect(exportFixture("qwen2/genai-int4-cpu"));
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const json = await seen("qwen2/genai-int4-cpu");
    expect(text).toMatch(/^adapter +genai$/m);
    expect(text).toMatch(/^attention +GroupQueryAttention, 4 heads, 2 of keys and values$/m);
    expect(text).toMatch(/^packed +16 weights in 4 bits, blocks of 32 \(MatMulNBits\)$/m);
    expect(text).toMatch(/taken apart:\s+com.microsoft.GroupQueryAttention/);
    expect(json.packed).toEqual([
      { operator: "MatMulNBits", bits: 4, blockSize: 32, matrices: 16 },
    ]);
    expect(json.attention).toEqual([
      {
        form: "GroupQueryAttention",
        heads: 4,
        kvHeads: 2,
        window: null,
        softCap: null,
        blocks: [1, 2, 3],
      },
    ]);
    expect(json.derived.decomposed).toEqual(["com.microsoft.GroupQueryAttention"]);
  });

  it("counts a packed weight as the matrix it stands for", async () => {
    const [packed, half] = [
      await seen("qwen2/genai-int4-cpu"),
      await seen("qwen2/genai-fp16-cuda"),
    ];
    // scales and the layout of norms are all that may differ between two files of one model
    expect(Math.abs(packed.parameters / half.parameters - 1)).toBeLessThan(0.005);
    expect(packed.memory.weightsInFileBytes).toBeLessThan(half.memory.weightsInFileBytes);
    expect(half.weightTypes).toContain("float16");
  });

  it("reads heads and norms off decomposed attention", async () => {
    const llama = await seen("llama/optimum-past");
    expect(llama.attention).toEqual([
      {
        form: "decomposed",
        heads: 4,
        kvHeads: 2,
        window: null,
        softCap: null,
        blocks: [1, 2, 3],
      },
    ]);
    expect(llama.norms).toEqual({ decomposed: 7 });
    const gpt2 = await seen("gpt2/optimum-nopast");
    expect(gpt2.norms).toEqual({ LayerNormalization: 7 });
    expect(gpt2.causality).toBe(0);
  });

  it("refuses a model that looks ahead, since only a run can tell", async () => {
    const path = join(folder, "encoder.onnx");
    writeFileSync(path, encodeModel(tinyDecoder({ bidirectional: true })).bytes);
    await expect(inspect(path)).rejects.toMatchObject({ code: "NOT_CAUSAL", exitCode: 3 });
  });
});
