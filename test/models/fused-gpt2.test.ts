/**
 * @file A GPT-2 as ONNX Runtime's transformer optimiser used to write it, and older onnx-community files still are:
 * EmbedLayerNormalization, packed com.microsoft Attention, Skip norms with the projection's bias inside, FastGelu with a
 * bias, int32 inputs, and keys and values of the past in one tensor.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { checkCausality } from "../../src/models/causality.js";
import { directionalError } from "../../src/models/directional.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { openSuffix, type ProbeRow } from "../../src/models/suffix-probe.js";
import { runWhole } from "../../src/models/whole-run.js";
import { Builder } from "../../src/onnx/builder.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { Graph, type Model, type Value } from "../../src/onnx/graph.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { createSession } from "../../src/runtime/session.js";
import { stream } from "../../src/stats/stream.js";
import { modelOf, temporaryFolder } from "../support/tiny-models.js";

const [VOCAB, D, HEADS, HIDDEN, LAYERS] = [19, 8, 2, 12, 2];
const MS = { domain: "com.microsoft" } as const;

function fusedGpt2(): Model {
  const graph = new Graph("gpt2");
  const b = new Builder(graph, "n");
  const draw = stream(5, "test/fused-gpt2");
  const weight = (...dims: number[]): Value => {
    const count = dims.reduce((a, n) => a * n, 1);
    const values = Array.from({ length: count }, () => draw.normal() * 0.4);
    return graph.addInitializer(graph.freshName("w"), float32Tensor(values, dims));
  };
  const index = (name: string, token = "token"): Value =>
    graph.addInput(name, { dtype: "int32", shape: ["batch", token] });
  const [ids, positions, mask] = [index("ids"), index("positions"), index("mask", "total")];
  const pasts = Array.from({ length: LAYERS }, (_, l) =>
    graph.addInput(`past_${l}`, {
      dtype: "float32",
      shape: [2, "batch", HEADS, "past", D / HEADS],
    }),
  );
  const embed = b.node(
    "EmbedLayerNormalization",
    [ids, null, weight(VOCAB, D), weight(32, D), null, weight(D), weight(D), null, positions],
    { epsilon: 1e-5 },
    { ...MS, outputs: 3 },
  );
  let [normed, sum] = [embed.output(0), embed.output(2)];
  const skipNorm = (branch: Value): void => {
    const inputs = [sum, branch, weight(D), weight(D), weight(D)];
    const node = b.node("SkipLayerNormalization", inputs, { epsilon: 1e-5 }, { ...MS, outputs: 4 });
    [normed, sum] = [node.output(0), node.output(3)];
  };
  const presents = pasts.map((past) => {
    const attention = b.node(
      "Attention",
      [normed, weight(D, 3 * D), weight(3 * D), mask, past],
      { num_heads: BigInt(HEADS), unidirectional: 1n },
      { ...MS, outputs: 2 },
    );
    skipNorm(b.op("MatMul", [attention.output(0), weight(D, D)]));
    const up = b.op(
      "FastGelu",
      [b.op("MatMul", [normed, weight(D, HIDDEN)]), weight(HIDDEN)],
      {},
      MS,
    );
    skipNorm(b.op("MatMul", [up, weight(HIDDEN, D)]));
    return attention.output(1);
  });
  const logits = b.op("MatMul", [normed, weight(D, VOCAB)]);
  graph.rename(logits, "logits");
  logits.type = { dtype: "float32", shape: ["batch", "token", VOCAB] };
  presents.forEach((value) => {
    value.type = { dtype: "float32", shape: [2, "batch", HEADS, "all", D / HEADS] };
  });
  graph.outputs.push(logits, ...presents);
  return { ...modelOf(graph, 14), producer: "onnxruntime.transformers 1.10.0" };
}

const folder = temporaryFolder();
const ROWS = [
  [3, 1, 4, 1, 5, 9, 2],
  [6, 5, 3, 5],
];

async function load(): Promise<LocatedModel> {
  const path = join(folder, "model.onnx");
  writeFileSync(path, encodeModel(fusedGpt2()).bytes);
  return loadModel(path, { adapters: ADAPTERS });
}

describe("a GPT-2 fused by ONNX Runtime's transformer optimiser", () => {
  it("is found by structure: sums of the embedding and of both blocks", async () => {
    const located = await load();
    expect(located).toMatchObject({ adapter: "ort-optimiser", nLayers: LAYERS, dModel: D });
    expect(located.sites.map(({ producer }) => producer!.opType)).toEqual(Array(3).fill("Add"));
    expect(located.feeds.inputIds).toEqual({ name: "ids", dtype: "int32" });
    expect(located.feeds.positionIds).toEqual({ name: "positions", dtype: "int32" });
    expect(located.feeds.attentionMask).toEqual({ name: "mask", dtype: "int32" });
  });

  it("looks only backwards", async () => {
    const located = await load();
    const whole = await createSession(buildWhole(located), { threads: 1 });
    expect(await checkCausality(located, whole)).toBeLessThan(1e-5);
    await whole.release();
  });

  it("has gradients that agree with differences, at every layer", async () => {
    const located = await load();
    const whole = await createSession(buildWhole(located), { threads: 1 });
    const natural = await runWhole(whole, located, ROWS);
    await whole.release();
    for (let layer = 0; layer <= LAYERS; layer++) {
      const probe = await openSuffix(located, layer, { threads: 1 });
      const rows = natural.map(({ ids, residuals }): ProbeRow => {
        // above the last layer nothing mixes positions, so the patch stands where the answer is read
        const at = layer === LAYERS ? ids.length - 1 : ids.length - 2;
        const residual = residuals[layer]!;
        const patched = residual.slice(at * D, (at + 1) * D);
        return {
          ids,
          residual,
          patchPosition: at,
          patched,
          labelPosition: ids.length - 1,
          label: 1,
        };
      });
      const error = await directionalError(probe, rows, {
        answers: [2, 7, 11],
        steps: [1e-1, 3e-2, 1e-2],
      });
      await probe.release();
      // best of three steps: third-order term at 1e-2 of the state, float32 rounding 1e-7 / 1e-2
      expect(error, `layer ${layer}`).toBeLessThan(5e-3);
    }
  });
});
