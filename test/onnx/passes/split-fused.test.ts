/** @file Passes that take fused operators apart, against the runtime's own kernels. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Builder } from "../../../src/onnx/builder.js";
import { Graph, type Model, type Value } from "../../../src/onnx/graph.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { splitBiasedGelu } from "../../../src/onnx/passes/split-biased-gelu.js";
import { splitEmbedNorm } from "../../../src/onnx/passes/split-embed-norm.js";
import { transposedWeights } from "../../../src/onnx/passes/transposed-weights.js";
import { float32Tensor } from "../../../src/onnx/tensor.js";
import { tensor, type Feeds } from "../../../src/runtime/tensor.js";
import { stream } from "../../../src/stats/stream.js";
import { deviation, runModel } from "../../support/run-model.js";
import { modelOf } from "../../support/tiny-models.js";

/** Both forms do the same few float32 roundings on numbers below 10: 10 · 2^-23 · 16. */
const TOLERANCE = 2e-5;

interface Sizes {
  readonly batch: number;
  readonly token: number;
  readonly width: number;
}

const SIZES = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  token: fc.integer({ min: 1, max: 5 }),
  width: fc.integer({ min: 2, max: 9 }),
});

function weights(b: Builder, name: string, dims: readonly number[]): Value {
  const draw = stream(7, `test/${name}`);
  const count = dims.reduce((a, d) => a * d, 1);
  const values = Array.from({ length: count }, () => draw.next() * 2 - 1);
  return b.graph.addInitializer(name, float32Tensor(values, dims));
}

function output(graph: Graph, value: Value, name: string, dtype: "float32" | "int32"): void {
  graph.rename(value, name);
  value.type = { dtype };
  graph.outputs.push(value);
}

interface EmbedParts {
  readonly segments: boolean;
  readonly mask: boolean;
  readonly positions: boolean;
}

const ROWS = 6;

function embedModel({ width }: Sizes, { segments, mask, positions }: EmbedParts): Model {
  const graph = new Graph("embed");
  const b = new Builder(graph, "embed");
  const index = (name: string): Value =>
    graph.addInput(name, { dtype: "int32", shape: ["batch", "token"] });
  const node = b.node(
    "EmbedLayerNormalization",
    [
      index("ids"),
      segments ? index("segments") : null,
      weights(b, "words", [ROWS, width]),
      weights(b, "places", [ROWS, width]),
      segments ? weights(b, "parts", [ROWS, width]) : null,
      weights(b, "gamma", [width]),
      weights(b, "beta", [width]),
      mask ? index("mask") : null,
      positions ? index("positions") : null,
    ],
    { epsilon: 1e-5 },
    { domain: "com.microsoft", outputs: 3 },
  );
  output(graph, node.output(0), "normed", "float32");
  output(graph, node.output(1), "mask_index", "int32");
  output(graph, node.output(2), "sum", "float32");
  return modelOf(graph);
}

function indexFeeds({ batch, token }: Sizes, parts: EmbedParts, seed: number): Feeds {
  const draw = stream(seed, "test/feeds");
  const fill = (most: number): Int32Array =>
    Int32Array.from({ length: batch * token }, () => draw.int(most));
  const all = {
    ids: fill(ROWS),
    ...(parts.segments ? { segments: fill(ROWS) } : {}),
    // the runtime wants masks of ones, then zeros
    ...(parts.mask
      ? {
          mask: Int32Array.from({ length: batch * token }, (_, i) =>
            i % token <= Math.floor(i / token) % token ? 1 : 0,
          ),
        }
      : {}),
    ...(parts.positions ? { positions: fill(ROWS) } : {}),
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, data]) => [name, tensor("int32", [batch, token], data)]),
  );
}

async function expectSame(make: () => Model, rewritten: Model, feeds: Feeds): Promise<void> {
  const before = await runModel(make(), feeds);
  const after = await runModel(rewritten, feeds);
  expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
  for (const [name, { data, dims }] of Object.entries(before)) {
    expect(after[name]!.dims).toEqual(dims);
    const { worst } = deviation(after[name]!.data as Float32Array, data as Float32Array);
    expect(worst, name).toBeLessThanOrEqual(TOLERANCE);
  }
}

const PARTS = fc.record({ segments: fc.boolean(), mask: fc.boolean(), positions: fc.boolean() });

describe("split-embed-norm", () => {
  it("gives what the fused kernel gives: norm, mask index and sum, for every choice of inputs", async () => {
    await fc.assert(
      fc.asyncProperty(SIZES, PARTS, fc.nat(99), async (sizes, parts, seed) => {
        const make = (): Model => embedModel(sizes, parts);
        const model = make();
        expect(applyPasses(model, [splitEmbedNorm])[0]!.changes).toBe(1);
        expect(model.graph.nodes.some((node) => node.domain !== "")).toBe(false);
        await expectSame(make, model, indexFeeds(sizes, parts, seed));
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  it("keeps the sum as a value of its own, under the name of output 2", () => {
    const sizes = { batch: 1, token: 2, width: 4 };
    const model = embedModel(sizes, { segments: false, mask: false, positions: false });
    applyPasses(model, [splitEmbedNorm]);
    expect(model.graph.find("sum")!.producer!.opType).toBe("Add");
  });
});

function geluModel(opType: string, bias: boolean, width: number): Model {
  const graph = new Graph("gelu");
  const b = new Builder(graph, "gelu");
  const x = graph.addInput("x", { dtype: "float32", shape: ["batch", "token", width] });
  const inputs = bias ? [x, weights(b, "bias", [width])] : [x];
  output(graph, b.op(opType, inputs, {}, { domain: "com.microsoft" }), "y", "float32");
  return modelOf(graph);
}

function xFeeds({ batch, token, width }: Sizes): Feeds {
  const draw = stream(3, "test/x");
  const data = Float32Array.from({ length: batch * token * width }, () => draw.next() * 6 - 3);
  return { x: tensor("float32", [batch, token, width], data) };
}

describe("split-biased-gelu", () => {
  it.each(["BiasGelu", "FastGelu"])("%s with a bias gives what the fused kernel gives", (op) =>
    fc.assert(
      fc.asyncProperty(SIZES, async (sizes) => {
        const make = (): Model => geluModel(op, true, sizes.width);
        const model = make();
        expect(applyPasses(model, [splitBiasedGelu])[0]!.changes).toBe(1);
        expect(model.graph.nodes.map((node) => node.opType)).toContain("Add");
        await expectSame(make, model, xFeeds(sizes));
      }),
      { numRuns: 5, seed: 2 },
    ),
  );

  it("leaves a FastGelu without bias alone", () => {
    const model = geluModel("FastGelu", false, 4);
    expect(applyPasses(model, [splitBiasedGelu])[0]!.changes).toBe(0);
  });
});

interface Product {
  readonly op: "MatMul" | "Gemm";
  readonly perm: readonly bigint[] | undefined;
  readonly transB: bigint;
  readonly cast: boolean;
}

/** y = x · Transpose(W), W [columns, width] as a Linear layer of PyTorch keeps it; or Gemm with any flag. */
function transposedModel({ op, perm, transB, cast }: Product, { width }: Sizes): Model {
  const graph = new Graph("transposed");
  const b = new Builder(graph, "transposed");
  const columns = 5;
  const x = graph.addInput("x", { dtype: "float32", shape: ["rows", width] });
  const dims = transB === 0n ? [columns, width] : [width, columns];
  const plain = weights(b, "W", dims);
  const w = cast ? b.cast(plain, "float32") : plain;
  const turned = b.op("Transpose", [w], perm === undefined ? {} : { perm });
  const attributes = op === "Gemm" ? { transB, alpha: 0.5 } : {};
  const inputs = op === "Gemm" ? [x, turned, weights(b, "c", [columns])] : [x, turned];
  output(graph, b.op(op, inputs, attributes), "y", "float32");
  return modelOf(graph);
}

describe("transposed-weights", () => {
  const products = fc.oneof(
    fc.record({
      op: fc.constant("MatMul" as const),
      perm: fc.constantFrom<(readonly bigint[] | undefined)[]>([1n, 0n], undefined),
      transB: fc.constant(0n),
      cast: fc.boolean(),
    }),
    fc.record({
      op: fc.constant("Gemm" as const),
      perm: fc.constant([1n, 0n] as const),
      transB: fc.constantFrom(0n, 1n),
      cast: fc.constant(false),
    }),
  );

  it("computes the same without any Transpose", async () => {
    await fc.assert(
      fc.asyncProperty(products, SIZES, async (product, sizes) => {
        const make = (): Model => transposedModel(product, sizes);
        const model = make();
        expect(applyPasses(model, [transposedWeights])[0]!.changes).toBe(1);
        expect(model.graph.nodes.map((node) => node.opType)).not.toContain("Transpose");
        const { x } = xFeeds(sizes);
        const feeds = { x: { ...x!, dims: [sizes.batch * sizes.token, sizes.width] } };
        await expectSame(make, model, feeds);
      }),
      { numRuns: 16, seed: 3 },
    );
  });

  it("keeps a Transpose that something else reads as well", () => {
    const model = transposedModel(
      { op: "MatMul", perm: [1n, 0n], transB: 0n, cast: false },
      { batch: 1, token: 1, width: 3 },
    );
    const { graph } = model;
    const turned = graph.nodes.find((node) => node.opType === "Transpose")!.output();
    output(graph, new Builder(graph, "more").op("Relu", [turned]), "z", "float32");
    applyPasses(model, [transposedWeights]);
    expect(graph.nodes.map((node) => node.opType).sort()).toEqual([
      "FusedMatMul",
      "Relu",
      "Transpose",
    ]);
  });

  it("leaves activations, vectors and other permutations alone", () => {
    const graph = new Graph("alone");
    const b = new Builder(graph, "alone");
    const x = graph.addInput("x", { dtype: "float32", shape: ["a", "b"] });
    const scores = b.op("MatMul", [x, b.op("Transpose", [x], { perm: [1n, 0n] })]);
    const same = b.op("Transpose", [weights(b, "W", [4, 4])], { perm: [0n, 1n] });
    output(graph, b.op("MatMul", [scores, same]), "y", "float32");
    expect(applyPasses(modelOf(graph), [transposedWeights])[0]!.changes).toBe(0);
  });
});
