/**
 * @file The gradient graph of any ONNX model against finite differences in float64, against the gradients that PyTorch
 * recorded for a decoder, and what it refuses.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkGradient } from "../../src/autodiff/gradient-check.js";
import { PlanError, UnsupportedOperatorError } from "../../src/errors.js";
import { feedTokens } from "../../src/library/feed-tokens.js";
import { gradientOf } from "../../src/library/gradient-of.js";
import { locateSites } from "../../src/library/locate-sites.js";
import type { OnnxBytes, OnnxGraph } from "../../src/library/onnx-graph.js";
import { openSession } from "../../src/library/open-session.js";
import { splitAt } from "../../src/library/split-at.js";
import { Builder } from "../../src/onnx/builder.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { Graph, type Value } from "../../src/onnx/graph.js";
import { float64Tensor } from "../../src/onnx/tensor.js";
import { tensor, type Feeds, type RuntimeTensor } from "../../src/runtime/tensor.js";
import { stream } from "../../src/stats/stream.js";
import { readReference, type Reference } from "../support/reference.js";
import { deviation } from "../support/run-model.js";
import { modelOf, temporaryFolder } from "../support/tiny-models.js";

/**
 * Central differences in float64 with step h: the error is h²/6 times a third derivative of order one, plus rounding ε/h
 * of losses of order one.
 */
const STEP = 1e-5;
const TOLERANCE = 1e-7;

const rng = stream(5, "gradient-of");
const normals = (n: number): number[] => Array.from({ length: n }, () => rng.normal());

function bytesOf(graph: Graph): OnnxBytes {
  return { bytes: encodeModel(modelOf(graph)).bytes };
}

function output(
  graph: Graph,
  value: Value,
  name: string,
  shape: readonly (number | string)[],
): void {
  graph.rename(value, name);
  value.type = { dtype: "float64", shape };
  graph.outputs.push(value);
}

/**
 * Nothing of a transformer: two inputs of different shapes that meet in a gate, a table that is read by an index, two
 * outputs. h = tanh(u W + b) · sigmoid(g), score = Σ h², distance = |h − table[i]|.
 */
const GATED_TABLE = ((): OnnxBytes => {
  const graph = new Graph("gated-table");
  const u = graph.addInput("u", { dtype: "float64", shape: ["row", 4] });
  const g = graph.addInput("g", { dtype: "float64", shape: ["row", 1] });
  const i = graph.addInput("i", { dtype: "int64", shape: ["row"] });
  const w = graph.addInitializer("W", float64Tensor(normals(12), [4, 3]));
  const bias = graph.addInitializer("b", float64Tensor(normals(3), [3]));
  const table = graph.addInitializer("table", float64Tensor(normals(15), [5, 3]));
  const b = new Builder(graph, "test");
  const h = b.op("Mul", [
    b.op("Tanh", [b.op("Add", [b.op("MatMul", [u, w]), bias])]),
    b.op("Sigmoid", [g]),
  ]);
  graph.rename(h, "h");
  const square = b.op("Mul", [h, h]);
  output(graph, b.op("ReduceSum", [square, b.ints([1])], { keepdims: 0n }), "score", ["row"]);
  const apart = b.op("Abs", [b.op("Sub", [h, b.op("Gather", [table, i])])]);
  output(graph, apart, "distance", ["row", 3]);
  return bytesOf(graph);
})();

const ROWS = 2;
const INDEX = tensor("int64", [ROWS], BigInt64Array.from([3n, 1n]));

/** Feeds of the gated table from the elements of u, then of g. */
function feedsOf(x: Float64Array): Record<string, RuntimeTensor> {
  return {
    u: tensor("float64", [ROWS, 4], x.slice(0, ROWS * 4)),
    g: tensor("float64", [ROWS, 1], x.slice(ROWS * 4)),
    i: INDEX,
  };
}

async function run(graph: OnnxGraph, feeds: Feeds): Promise<Record<string, RuntimeTensor>> {
  const session = await openSession(graph, { threads: 1 });
  try {
    const wanted = new Set(graph.inputs.map(({ name }) => name));
    return await session.run(
      Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name))),
    );
  } finally {
    await session.release();
  }
}

function numbers(outputs: Record<string, RuntimeTensor>, name: string): number[] {
  return Array.from(outputs[name]!.data as Float64Array | Float32Array, Number);
}

describe("gradientOf", () => {
  it("agrees with central differences of a loss, for several inputs in one run", async () => {
    const graph = gradientOf(GATED_TABLE, { loss: "score", wrt: ["u", "g"] });
    expect(graph.inputs.map(({ name }) => name)).toEqual(["u", "g"]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(["score", "gradient/u", "gradient/g"]);
    const check = await checkGradient(
      {
        forward: async (x) => numbers(await run(graph, feedsOf(x)), "score"),
        backward: async (x) => {
          const found = await run(graph, feedsOf(x));
          return [...numbers(found, "gradient/u"), ...numbers(found, "gradient/g")];
        },
      },
      { x: Float64Array.from(normals(ROWS * 5)), rng, step: STEP, tolerance: TOLERANCE },
    );
    expect(check).toMatchObject({ verdict: "agrees" });
  });

  it("is the upstream gradients' product with the Jacobians, summed over the outputs", async () => {
    const graph = gradientOf(GATED_TABLE, { outputs: ["score", "distance"], wrt: ["u", "g"] });
    const upstream = { score: normals(ROWS), distance: normals(ROWS * 3) };
    const seeds = {
      "upstream/score": tensor("float64", [ROWS], Float64Array.from(upstream.score)),
      "upstream/distance": tensor("float64", [ROWS, 3], Float64Array.from(upstream.distance)),
    };
    const weigh = (found: Record<string, RuntimeTensor>): number[] => [
      ...numbers(found, "score").map((y, r) => y * upstream.score[r]!),
      ...numbers(found, "distance").map((y, r) => y * upstream.distance[r]!),
    ];
    const both = (found: Record<string, RuntimeTensor>): number[] => [
      ...numbers(found, "gradient/u"),
      ...numbers(found, "gradient/g"),
    ];
    const check = await checkGradient(
      {
        forward: async (x) => weigh(await run(graph, { ...feedsOf(x), ...seeds })),
        backward: async (x) => both(await run(graph, { ...feedsOf(x), ...seeds })),
      },
      { x: Float64Array.from(normals(ROWS * 5)), rng, step: STEP, tolerance: TOLERANCE },
    );
    expect(check).toMatchObject({ verdict: "agrees" });
  });

  it("differentiates for weights and for values inside the graph, in their shapes", async () => {
    const x = Float64Array.from(normals(ROWS * 5));
    const whole = gradientOf(GATED_TABLE, { loss: "score", wrt: ["W", "b", "h"] });
    const found = await run(whole, feedsOf(x));
    expect(found["gradient/W"]!.dims).toEqual([4, 3]);
    // d score / dh = 2 h, and h is what is left of the chain rule everywhere else
    const inner = gradientOf(GATED_TABLE, { outputs: ["h"], wrt: ["W", "b"] });
    const slope = tensor("float64", [ROWS, 3], Float64Array.from(numbers(found, "gradient/h")));
    const chained = await run(inner, { ...feedsOf(x), "upstream/h": slope });
    for (const name of ["gradient/W", "gradient/b"]) {
      const [a, b] = [numbers(found, name), numbers(chained, name)];
      expect(deviation(a, b).worst).toBeLessThan(1e-12);
    }
    const h = numbers(chained, "h");
    const twice = h.map((each) => 2 * each);
    expect(deviation(numbers(found, "gradient/h"), twice).worst).toBeLessThan(1e-12);
  });

  it("gives an output its own upstream gradient where the output is the input", async () => {
    const graph = new Graph("pass");
    const x = graph.addInput("x", { dtype: "float64", shape: ["n"] });
    graph.outputs.push(x);
    const upstream = tensor("float64", [2], Float64Array.of(3, 4));
    const slope = gradientOf(bytesOf(graph), { outputs: ["x"], wrt: ["x"] });
    const feeds = { x: tensor("float64", [2], Float64Array.of(1, 2)), "upstream/x": upstream };
    expect(numbers(await run(slope, feeds), "gradient/x")).toEqual([3, 4]);
  });

  it("reads a path as it reads the file's bytes", () => {
    const model = GATED_TABLE;
    const path = join(temporary, "gated.onnx");
    writeFileSync(path, model.bytes);
    const request = { loss: "score", wrt: ["u"] } as const;
    expect(gradientOf(path, request).outputs).toEqual(gradientOf(model, request).outputs);
  });
});

const temporary = temporaryFolder();

describe("what gradientOf refuses", () => {
  it("names every unsupported operator at once, and none beside the way", () => {
    const graph = new Graph("unsupported");
    const x = graph.addInput("x", { dtype: "float64", shape: [4] });
    const b = new Builder(graph, "test");
    const wild = b.op("Det", [b.op("Reshape", [b.op("Asinh", [x]), b.ints([2, 2])])]);
    output(graph, wild, "y", []);
    output(graph, b.op("Hardmax", [x]), "aside", [4]);
    const act = (): OnnxGraph => gradientOf(bytesOf(graph), { loss: "y", wrt: ["x"] });
    expect(act).toThrow(UnsupportedOperatorError);
    try {
      act();
    } catch (error) {
      const { found } = error as UnsupportedOperatorError;
      expect(found).toContain("Det ×1");
      expect(found).toContain("Asinh ×1");
      expect(found).not.toContain("Hardmax");
    }
  });

  it("names every wrong name at once, with the nearest one", () => {
    const act = (): OnnxGraph =>
      gradientOf(GATED_TABLE, { outputs: ["skore"], wrt: ["u", "u", "i", "weights"] });
    expect(act).toThrow(PlanError);
    expect(act).toThrow(
      /skore.*did you mean "score".*\n.*"u".*again.*\n.*"i".*int64.*\n.*weights/s,
    );
  });

  it("names what no differentiable way connects", () => {
    const graph = new Graph("apart");
    const x = graph.addInput("x", { dtype: "float64", shape: [2] });
    const z = graph.addInput("z", { dtype: "float64", shape: [2] });
    const b = new Builder(graph, "test");
    output(graph, b.op("Add", [b.op("Floor", [z]), x]), "y", [2]);
    expect(() => gradientOf(bytesOf(graph), { loss: "y", wrt: ["x", "z"] })).toThrow(/"z"/);
    const none = (): OnnxGraph => gradientOf(bytesOf(graph), { loss: "y", wrt: [] });
    expect(none).toThrow(expect.objectContaining({ expected: "at least one name" }));
  });
});

/**
 * The gradients are sums of products in float32 in another order than PyTorch's, through at most four blocks: a few hundred
 * roundings of 2⁻²⁴ each, of the largest element.
 */
const AGREES = 2e-5;

describe("the gradient of a decoder's suffix", () => {
  it.each([
    ["fixtures/exports/gpt2", "optimum-nopast"],
    ["fixtures/exports/gpt2", "ortopt-gpt2-past"],
    ["fixtures/exports/llama", "optimum-past"],
    ["fixtures/exports/llama", "dynamo23"],
  ])("is the one that PyTorch recorded: %s/%s", async (family, exporter) => {
    const reference = readReference(join(family, "reference.safetensors"));
    const model = await locateSites(join(family, exporter));
    const layer = 1;
    const { prefix, suffix } = splitAt(model, layer);
    const graph = gradientOf(suffix, { outputs: ["logits"], wrt: ["residual"] });
    const tokens = feedTokens(
      model,
      { inputs: [...prefix.inputs, ...graph.inputs] },
      reference.rows,
    );
    const { residual } = await run(prefix, tokens);
    const { logits } = await run(suffix, { ...tokens, residual: residual! });
    const upstream = crossEntropySlope(logits!, reference);
    const slope = await run(graph, { ...tokens, residual: residual!, "upstream/logits": upstream });
    const [, width = 0, dModel = 0] = slope["gradient/residual"]!.dims;
    const found = numbers(slope, "gradient/residual");
    const states = numbers({ residual: residual! }, "residual");
    reference.gradients[layer]!.forEach((expected, r) => {
      const at = r * width * dModel;
      const n = expected.length;
      const { worst, largest } = deviation(found.slice(at, at + n), expected);
      expect(worst / largest).toBeLessThan(AGREES);
      const here = deviation(states.slice(at, at + n), reference.residuals[layer]![r]!);
      expect(here.worst / here.largest).toBeLessThan(AGREES);
    });
  });
});

/** d(mean over rows of the cross-entropy at the last real position) / d logits: (softmax − one-hot) / rows there. */
function crossEntropySlope(
  { dims, data }: RuntimeTensor,
  { rows, labels }: Reference,
): RuntimeTensor {
  const [, width = 0, vocab = 0] = dims;
  const slope = new Float32Array(data.length);
  rows.forEach((row, r) => {
    const at = (r * width + row.length - 1) * vocab;
    const logits = Array.from(data as Float32Array).slice(at, at + vocab);
    const top = Math.max(...logits);
    const total = logits.reduce((sum, z) => sum + Math.exp(z - top), 0);
    logits.forEach((z, c) => {
      slope[at + c] = (Math.exp(z - top) / total - (c === labels[r] ? 1 : 0)) / rows.length;
    });
  });
  return tensor("float32", dims, slope);
}
