/**
 * @file What the residual stream is does not depend on how a file is written: names, order of nodes, and ONNX Runtime's
 * own rewriting leave the sites where they are, with the same states. Held on one real file of each kind of exporter.
 */
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { readConfiguration } from "../../src/models/configuration.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { locateDecoder } from "../../src/models/decoder.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { runWhole } from "../../src/models/whole-run.js";
import { readModel } from "../../src/onnx/decode.js";
import type { Model } from "../../src/onnx/graph.js";
import { canonicalise } from "../../src/onnx/passes/index.js";
import { createSession } from "../../src/runtime/session.js";
import { exportFixture } from "../support/located.js";
import { relative } from "../support/reference-check.js";
import { renameAll, reorder } from "../support/scramble.js";
import { temporaryFolder } from "../support/tiny-models.js";

const scratch = temporaryFolder();

const FILES = [
  "gpt2/optimum-nopast",
  "gpt2/ortopt-gpt2-past",
  "llama/optimum-past",
  "llama/dynamo23",
  "qwen2/genai-int4-cpu",
  "qwen2/genai-fp16-cuda",
] as const;

/**
 * Share of the largest state. The same graph in another order does the same sums, so only fused or refolded forms differ:
 * about 100 float32 roundings of 2^-24, grown tenfold by the norms in between.
 */
const SAME_SUMS = 1e-4;

const PROMPTS = [
  [3, 14, 15, 92, 65, 35],
  [89, 79, 32],
];

/** States of all layers and the logits, in one list of rows. */
async function statesOf(located: LocatedModel): Promise<Float32Array[]> {
  const session = await createSession(buildWhole(located), { threads: 1 });
  try {
    const rows = await runWhole(session, located, PROMPTS);
    return rows.flatMap(({ residuals, logits }) => [...residuals, logits]);
  } finally {
    await session.release();
  }
}

const natural = new Map<string, Promise<{ located: LocatedModel; states: Float32Array[] }>>();

function naturally(file: string): Promise<{ located: LocatedModel; states: Float32Array[] }> {
  const known =
    natural.get(file) ??
    loadModel(exportFixture(file), { adapters: ADAPTERS }).then(async (located) => ({
      located,
      states: await statesOf(located),
    }));
  natural.set(file, known);
  return known;
}

/** Reads a fixture, changes how it is written *before* anything of ours sees it, and locates. */
async function rewritten(file: string, change: (model: Model) => Model): Promise<LocatedModel> {
  const path = join(exportFixture(file), "model.onnx");
  const folder = dirname(path);
  const model = change(readModel(path));
  const passes = canonicalise(model);
  const configuration = readConfiguration(folder);
  const located = locateDecoder({ path, folder, model, passes, configuration });
  const plain = await naturally(file);
  located.sites.forEach((site, l) => (site.type = plain.located.sites[l]!.type));
  located.logits.type = plain.located.logits.type;
  return { ...plain.located, model, ...located, nLayers: located.sites.length - 1 };
}

async function expectSameSites(located: LocatedModel, file: string): Promise<void> {
  const plain = await naturally(file);
  expect(located.nLayers).toBe(plain.located.nLayers);
  const states = await statesOf(located);
  states.forEach((found, i) => {
    expect(relative([found], [plain.states[i]!]), `tensor ${i}`).toBeLessThanOrEqual(SAME_SUMS);
  });
}

describe.each(FILES)("%s", (file) => {
  it.each([1, 2])("keeps its sites when everything has another name (seed %i)", async (seed) => {
    const located = await rewritten(file, (model) => {
      renameAll(model, seed);
      return model;
    });
    await expectSameSites(located, file);
  });

  it.each([1, 2])("keeps its sites when nodes stand in another order (seed %i)", async (seed) => {
    await expectSameSites(await rewritten(file, (model) => reorder(model, seed)), file);
  });

  it.each(["basic", "extended"] as const)(
    "keeps its sites when ONNX Runtime has optimised it (%s)",
    async (level) => {
      const folder = join(scratch, file, level);
      mkdirSync(folder, { recursive: true });
      const source = exportFixture(file);
      const session = await InferenceSession.create(join(source, "model.onnx"), {
        graphOptimizationLevel: level,
        optimizedModelFilePath: join(folder, "model.onnx"),
        logSeverityLevel: 3,
      });
      await session.release();
      // the saved graph goes on pointing into the data of the file it was made from
      for (const name of ["genai_config.json", "model.onnx.data"])
        if (existsSync(join(source, name))) copyFileSync(join(source, name), join(folder, name));
      const located = await loadModel(folder, { adapters: ADAPTERS });
      expect(located.adapter).toBe("ort-optimiser");
      await expectSameSites(located, file);
    },
  );
});
