import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { buildCapture, buildWhole } from "../../src/models/capture-graph.js";
import { feedBatch } from "../../src/models/feed-batch.js";
import { loadModel } from "../../src/models/load.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { float32Data, int64 } from "../../src/runtime/tensor.js";
import { exportFixture, locatedTiny } from "../support/located.js";
import { readReference } from "../support/reference.js";
import { relative } from "../support/reference-check.js";
import { runModel } from "../support/run-model.js";
import { tinyDecoder } from "../support/tiny-decoder.js";

// ONNX Runtime against PyTorch on these files: 1.6e-6 of the largest magnitude (rounding order differs); factor 6
const FORWARD = 1e-5;

const ROWS = [
  [5, 9, 100, 44, 23, 250],
  [9, 8, 7],
] as const;
const ANSWERS = [3, 77, 200];

describe.each(["gpt2/optimum-nopast", "llama/optimum-past"])("%s", (id) => {
  const load = (): ReturnType<typeof loadModel> =>
    loadModel(exportFixture(`${id}/model.onnx`), { adapters: ADAPTERS });

  it("has PyTorch's states at every site, and its logits", async () => {
    const located = await load();
    const reference = readReference(exportFixture(`${id.split("/")[0]!}/reference.safetensors`));
    const outputs = await runModel(buildWhole(located), feedBatch(located.feeds, reference.rows));
    const width = Math.max(...reference.rows.map((row) => row.length));
    const real = (name: string, each: number): Float32Array[] =>
      reference.rows.map((row, r) => {
        const data = float32Data(outputs, name);
        return data.slice(r * width * each, (r * width + row.length) * each);
      });
    expect(relative(real("logits", 320), reference.logits)).toBeLessThan(FORWARD);
    reference.residuals.forEach((rows, l) => {
      expect(relative(real(`residual_${l}`, 64), rows)).toBeLessThan(FORWARD);
    });
  });

  it("captures the same states, answer logits and normaliser as the whole model", async () => {
    const located = await load();
    const feeds = feedBatch(located.feeds, ROWS);
    const whole = await runModel(buildWhole(located), feeds);
    const capture = await runModel(buildCapture(located, { layers: [0, 2] }), {
      ...feeds,
      label_position: int64([2], [5, 2]),
      answer_ids: int64([3], ANSWERS),
    });
    expect(Object.keys(capture).sort()).toEqual([
      "answer_logit",
      "log_normaliser",
      "residual_0",
      "residual_2",
    ]);
    for (const name of ["residual_0", "residual_2"])
      expect(relative([float32Data(capture, name)], [float32Data(whole, name)])).toBe(0);
    const logits = float32Data(whole, "logits");
    const last = [5, 6 + 2].map((row) => logits.slice(row * 320, (row + 1) * 320));
    const expected = Float32Array.from(last.flatMap((row) => ANSWERS.map((a) => row[a]!)));
    expect(relative([float32Data(capture, "answer_logit")], [expected])).toBeLessThan(FORWARD);
    const normaliser = last.map((row) => Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)));
    expect(
      relative([float32Data(capture, "log_normaliser")], [Float32Array.from(normaliser)]),
    ).toBeLessThan(FORWARD);
  });

  it("points into the weights and copies none of them", async () => {
    const located = await load();
    const { bytes } = encodeModel(buildCapture(located, { layers: [1] }), { innerTypes: false });
    // 600 kB of weights; what is left is structure and small constants
    expect(bytes.length).toBeLessThan(150_000);
  });
});

describe("capture graphs", () => {
  it("stop at what is asked for: the whole model's own outputs go", () => {
    const located = locatedTiny(tinyDecoder());
    const names = buildCapture(located, { layers: [1] }).graph.outputs.map(({ name }) => name);
    expect(names).toEqual(["residual_1", "answer_logit", "log_normaliser"]);
  });

  it("leave the located model as it was", () => {
    const located = locatedTiny(tinyDecoder());
    const nodes = located.model.graph.nodes.length;
    buildCapture(located, { layers: [0, 1, 2] });
    buildWhole(located);
    expect(located.model.graph.nodes.length).toBe(nodes);
    expect(located.model.graph.outputs.map(({ name }) => name)).toEqual(["logits"]);
  });
});
