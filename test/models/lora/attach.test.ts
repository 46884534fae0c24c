/** @file LoRA adapters on tiny models against what PEFT computes in PyTorch (`fixtures/make/lora.py`). */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ADAPTERS } from "../../../adapters/index.js";
import { buildWhole } from "../../../src/models/capture-graph.js";
import { feedBatch } from "../../../src/models/feed-batch.js";
import { loadModel } from "../../../src/models/load.js";
import type { LocatedModel } from "../../../src/models/located.js";
import { attachAdapter } from "../../../src/models/lora/attach.js";
import { externalFiles } from "../../../src/onnx/encode.js";
import { float32Of, int64Of, readSafetensors } from "../../../src/store/safetensors.js";
import { deviation, runModel } from "../../support/run-model.js";

const folder = fileURLToPath(new URL("../../../fixtures/lora", import.meta.url));

/**
 * Float32 sums in another order than PyTorch's: a dozen products of at most 24 terms deep, each within 24 ulp of its size.
 * Observed: 3e-7 of the largest logit.
 */
const RELATIVE = 5e-6;

async function logitsOf(located: LocatedModel, rows: readonly number[][]): Promise<Float32Array> {
  const { logits } = await runModel(buildWhole(located), feedBatch(located.feeds, rows));
  return logits!.data as Float32Array;
}

function reference(path: string): {
  rows: number[][];
  logits: Float32Array;
  merged?: Float32Array;
} {
  const file = readSafetensors(join(path, "reference.safetensors"));
  const ids = int64Of(file, "input_ids");
  const width = file.tensors.get("input_ids")!.shape[1]!;
  const rows = [ids.slice(0, width), ids.slice(width)];
  const merged = file.tensors.has("merged") ? { merged: float32Of(file, "merged") } : {};
  return { rows, logits: float32Of(file, "logits"), ...merged };
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  const { worst, largest } = deviation(actual, expected);
  expect(worst).toBeLessThan(RELATIVE * largest);
}

/** PEFT merges into the one matrix that head and embedding share: the merged model is another function. */
const MERGES_INTO_BOTH = new Set(["embedding", "head"]);

describe.each([
  ["llama", "onnx"],
  ["llama", "base"],
  ["gpt2", "onnx"],
  ["gpt2", "base"],
])("on the %s base (%s)", (family, form) => {
  const home = join(folder, family);
  const kinds = readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["base", "onnx"].includes(entry.name))
    .map(({ name }) => name);
  let base: LocatedModel;
  beforeAll(async () => {
    base = await loadModel(join(home, form), { adapters: ADAPTERS });
  });

  it("the base itself computes what PyTorch does", async () => {
    const { rows, logits } = reference(home);
    expectClose(await logitsOf(base, rows), logits);
  });

  it.each(kinds)("the adapter %j computes what PEFT does", async (kind) => {
    const { rows, logits, merged } = reference(join(home, kind));
    const found = await logitsOf(attachAdapter(base, join(home, kind)), rows);
    expectClose(found, logits);
    if (!MERGES_INTO_BOTH.has(kind)) expectClose(found, merged!);
    // the adapter does something: a graph without it is far off
    expect(deviation(reference(home).logits, logits).worst).toBeGreaterThan(0.05);
  });

  it.each(kinds)("sites and logits of the adapter %j are values of its own graph", (kind) => {
    const tuned = attachAdapter(base, join(home, kind));
    const values = [...tuned.sites, tuned.logits];
    for (const value of values) {
      expect(value.graph).toBe(tuned.model.graph);
      expect(value.type?.dtype).toBe("float32");
      expect(value.type?.shape).toHaveLength(3);
    }
    expect(new Set(tuned.sites.map(({ type }) => type?.shape?.[2]))).toEqual(new Set([16]));
    expect(tuned.logits.type?.shape?.[2]).toBe(40);
    expect(new Set(values).size).toBe(base.nLayers + 2);
    expect(tuned.model.graph.outputs.map(({ name }) => name)).toEqual(
      base.model.graph.outputs.map(({ name }) => name),
    );
  });

  it("the base stays as it was, and its weights are not copied", () => {
    const before = base.model.graph.initializers.length;
    const tuned = attachAdapter(base, join(home, "plain"));
    expect(base.model.graph.initializers.length).toBe(before);
    const shared = new Set(base.model.graph.initializers.map(({ initializer }) => initializer));
    const own = tuned.model.graph.initializers.filter(
      ({ initializer }) => !shared.has(initializer) && initializer?.data.kind !== "external",
    );
    expect(own).toEqual([]);
    expect(externalFiles(tuned.model.graph)).toContain(
      join(home, "plain", "adapter_model.safetensors"),
    );
    expect(tuned.sources).toEqual([
      { role: "adapter configuration", path: join(home, "plain", "adapter_config.json") },
    ]);
  });
});

it("biases are replaced in a graph whose sums have no names", async () => {
  const home = join(folder, "llama");
  const base = await loadModel(join(home, "onnx"), { adapters: ADAPTERS });
  const sums = base.model.graph.nodes.filter(({ opType }) => opType === "Add");
  for (const node of sums) node.name = ""; // a file may leave names out
  const { rows, logits } = reference(join(home, "all-biases"));
  expectClose(await logitsOf(attachAdapter(base, join(home, "all-biases")), rows), logits);
});
