import fc from "fast-check";
import { expect, it } from "vitest";
import { answerLogits } from "../../src/models/answer-head.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Model } from "../../src/onnx/graph.js";
import { float32Tensor, type Tensor } from "../../src/onnx/tensor.js";
import { TypeInference } from "../../src/onnx/type-inference.js";
import { float32Data, int64, tensor } from "../../src/runtime/tensor.js";
import { stream } from "../../src/stats/stream.js";
import { addPackedProduct, drawPacked, type PackedForm } from "../support/packed-weight.js";
import { runModel } from "../support/run-model.js";
import { modelOf } from "../support/tiny-models.js";

const VOCAB = 11;
const ANSWERS = [7, 0, 7, 10];
/** Sums of at most 48 products in float32, in two orders. */
const ROUNDING = 1e-5;

/** Adds the narrowed logits beside the full ones and compares: answer by answer they are the same. */
async function compare(model: Model, dModel: number): Promise<void> {
  const { graph } = model;
  const logits = graph.outputs[0]!;
  const answerIds = graph.addInput("answer_ids", { dtype: "int64", shape: ["answer"] });
  const b = new Builder(graph, "narrow");
  const types = new TypeInference(graph);
  const like = graph.inputs[0]!;
  const narrow = answerLogits({ b, types, logits, answerIds, vocab: VOCAB, like });
  narrow.type = { dtype: "float32", shape: ["batch", "token", "answer"] };
  graph.outputs.push(narrow);
  // the full product is not what the answers are taken from
  expect(reaches(narrow.producer!, logits.producer!)).toBe(false);
  const x = Float32Array.from({ length: 6 * dModel }, (_, i) => Math.sin(i));
  const outputs = await runModel(model, {
    x: tensor("float32", [2, 3, dModel], x),
    answer_ids: int64([ANSWERS.length], ANSWERS),
  });
  const full = float32Data(outputs, logits.name);
  const found = float32Data(outputs, narrow.name);
  const largest = Math.max(...full.map(Math.abs));
  for (let row = 0; row < 6; row++) {
    ANSWERS.forEach((id, i) => {
      const difference = found[row * ANSWERS.length + i]! - full[row * VOCAB + id]!;
      expect(Math.abs(difference)).toBeLessThanOrEqual(ROUNDING * largest);
    });
  }
}

type Producer = NonNullable<Graph["nodes"][number]>;

function reaches(from: Producer, to: Producer): boolean {
  if (from === to) return true;
  return from.inputs.some((value) => value?.producer !== undefined && reaches(value.producer, to));
}

const forms: fc.Arbitrary<PackedForm> = fc
  .record({
    bits: fc.constantFrom<PackedForm["bits"][]>(2, 4, 8),
    blockSize: fc.constantFrom<PackedForm["blockSize"][]>(16, 32),
    n: fc.constant(VOCAB),
    k: fc.constantFrom(16, 40, 48),
    zeroPoints: fc.constantFrom<PackedForm["zeroPoints"][]>("none", "packed", "float"),
    isFlat: fc.boolean(),
    hasBias: fc.boolean(),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  .filter(({ bits, zeroPoints }) => bits !== 8 || zeroPoints !== "float");

it("a head by packed weights gives the logits of the answers alone, exactly", async () => {
  await fc.assert(
    fc.asyncProperty(forms, async (form) => {
      const graph = new Graph("head");
      const x = graph.addInput("x", { dtype: "float32", shape: ["batch", "token", form.k] });
      const y = addPackedProduct(graph, x, { form, operands: drawPacked(form) }).output();
      y.type = { dtype: "float32", shape: ["batch", "token", VOCAB] };
      graph.outputs.push(y);
      await compare(modelOf(graph), form.k);
    }),
    { numRuns: 25, seed: 6 },
  );
});

function bytes(dims: readonly number[]): Tensor {
  const rng = stream(3, "bytes");
  const count = dims.reduce((n, size) => n * size, 1);
  const data = Uint8Array.from({ length: count }, () => rng.int(256));
  return { dtype: "int8", dims, data: { kind: "inline", bytes: data } };
}

const positive = (dims: readonly number[]): Tensor =>
  float32Tensor(
    Array.from({ length: dims.reduce((n, size) => n * size, 1) }, (_, i) => 0.01 * (1 + i)),
    dims,
  );

it.each([
  { what: "by token", dims: [16, VOCAB], scale: [VOCAB], attributes: { axis: 1n }, flip: false },
  { what: "by channel", dims: [16, VOCAB], scale: [16], attributes: { axis: 0n }, flip: false },
  { what: "as a whole", dims: [16, VOCAB], scale: [], attributes: {}, flip: false },
  {
    what: "by blocks, transposed",
    dims: [VOCAB, 16],
    scale: [VOCAB, 2],
    attributes: { axis: 1n, block_size: 8n },
    flip: true,
  },
])("a head by int8 weights scaled $what gives the logits of the answers alone", async (form) => {
  const graph = new Graph("head");
  const b = new Builder(graph, "t");
  const x = graph.addInput("x", { dtype: "float32", shape: ["batch", "token", 16] });
  const operands = [
    graph.addInitializer("q", bytes(form.dims)),
    graph.addInitializer("s", positive(form.scale)),
  ];
  const dense = b.op("DequantizeLinear", operands, form.attributes);
  const weight = form.flip ? b.op("Transpose", [dense], { perm: [1n, 0n] }) : dense;
  const y = b.op("MatMul", [x, weight]);
  y.type = { dtype: "float32", shape: ["batch", "token", VOCAB] };
  graph.outputs.push(y);
  await compare(modelOf(graph, 21), 16);
});
