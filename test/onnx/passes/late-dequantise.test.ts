import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { expect, it } from "vitest";
import { differentiate } from "../../../src/autodiff/differentiate.js";
import { Builder } from "../../../src/onnx/builder.js";
import { copyModel } from "../../../src/onnx/copy.js";
import { readModel } from "../../../src/onnx/decode.js";
import { encodeModel } from "../../../src/onnx/encode.js";
import { Graph, type Model } from "../../../src/onnx/graph.js";
import { lateDequantise } from "../../../src/onnx/passes/late-dequantise.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { elementCount, float32Tensor, type Tensor } from "../../../src/onnx/tensor.js";
import { tensor } from "../../../src/runtime/tensor.js";
import { stream } from "../../../src/stats/stream.js";
import { addPackedProduct, drawPacked } from "../../support/packed-weight.js";
import { runModel } from "../../support/run-model.js";
import { modelOf, temporaryFolder } from "../../support/tiny-models.js";

const folder = temporaryFolder();
const SIZE = 32;
const ROWS = 3;

function bytes(dtype: Tensor["dtype"], dims: readonly number[], count: number): Tensor {
  const rng = stream(1, "bytes");
  const data = Uint8Array.from({ length: count }, () => rng.int(256));
  return { dtype, dims, data: { kind: "inline", bytes: data } };
}

const scales = (dims: readonly number[]): Tensor =>
  float32Tensor(
    Array.from({ length: elementCount(dims) }, (_, i) => 0.01 + 0.001 * (i % 7)),
    dims,
  );

interface Form {
  readonly what: string;
  readonly weight: Tensor;
  readonly scale: Tensor;
  readonly attributes: Readonly<Record<string, bigint>>;
  readonly isTransposed?: boolean;
}

const FORMS: readonly Form[] = [
  {
    what: "int4 by blocks",
    weight: bytes("int4", [SIZE, SIZE], (SIZE * SIZE) / 2),
    scale: scales([SIZE / 16, SIZE]),
    attributes: { axis: 0n, block_size: 16n },
  },
  {
    what: "int4 by blocks, transposed",
    weight: bytes("uint4", [SIZE, SIZE], (SIZE * SIZE) / 2),
    scale: scales([SIZE, SIZE / 16]),
    attributes: { axis: 1n, block_size: 16n },
    isTransposed: true,
  },
  {
    what: "int8 by column",
    weight: bytes("int8", [SIZE, SIZE], SIZE * SIZE),
    scale: scales([SIZE]),
    attributes: { axis: 1n },
  },
  {
    what: "int8 as a whole",
    weight: bytes("int8", [SIZE, SIZE], SIZE * SIZE),
    scale: scales([]),
    attributes: {},
  },
];

/** Two products one after the other, and the gradient of the result. */
function build({ weight, scale, attributes, isTransposed = false }: Form): Model {
  const graph = new Graph("qdq");
  const model = modelOf(graph, 21);
  const b = new Builder(graph, "t");
  const x = graph.addInput("x", { dtype: "float32", shape: ["row", SIZE] });
  let y = x;
  for (const layer of [1, 2]) {
    const operands = [
      graph.addInitializer(`q${layer}`, weight),
      graph.addInitializer(`s${layer}`, scale),
    ];
    const dense = b.op("DequantizeLinear", operands, attributes);
    y = b.op("MatMul", [y, isTransposed ? b.op("Transpose", [dense], { perm: [1n, 0n] }) : dense]);
  }
  return withGradient(model, graph, { x, y });
}

function withGradient(
  model: Model,
  graph: Graph,
  { x, y }: { x: Graph["inputs"][number]; y: Graph["inputs"][number] },
): Model {
  const dx = differentiate(model, { loss: y, wrt: x });
  for (const output of [y, dx]) output.type = { dtype: "float32", shape: ["row", SIZE] };
  graph.rename(y, "y");
  graph.rename(dx, "dx");
  graph.outputs.push(y, dx);
  return model;
}

/** Elements of the largest float constant that is left when the runtime has optimised the graph as it does for a run. */
async function largestFloatConstant(model: Model, name: string): Promise<number> {
  const optimizedModelFilePath = join(folder, `${name}.onnx`);
  const { bytes: encoded } = encodeModel(model);
  const session = await InferenceSession.create(encoded, {
    optimizedModelFilePath,
    logSeverityLevel: 3,
  });
  await session.release();
  const { graph } = readModel(optimizedModelFilePath);
  return Math.max(
    0,
    ...graph.initializers
      .filter(({ initializer }) => initializer?.dtype === "float32")
      .map(({ initializer }) => elementCount(initializer!.dims)),
  );
}

async function run(model: Model): Promise<number[]> {
  const data = Float32Array.from({ length: ROWS * SIZE }, (_, i) => Math.sin(i));
  const outputs = await runModel(model, { x: tensor("float32", [ROWS, SIZE], data) });
  return ["y", "dx"].flatMap((name) => Array.from(outputs[name]!.data, Number));
}

it.each(FORMS)("$what: outputs and gradient stay, every use has its own floats", async (form) => {
  const model = build(form);
  const early = copyModel(model).model;
  const [record] = applyPasses(model, [lateDequantise]);
  // two products and the two of the gradient
  expect(record?.changes).toBe(4);
  expect(applyPasses(model, [lateDequantise])[0]?.changes).toBe(0);
  const [found, expected] = [await run(model), await run(early)];
  const largest = Math.max(...expected.map(Math.abs));
  // sums of 32 products in float32, twice over
  found.forEach((each, i) => {
    expect(Math.abs(each - expected[i]!)).toBeLessThanOrEqual(1e-5 * largest);
  });
});

it.each(FORMS)("$what: the runtime keeps no dense copy of the weight", async (form) => {
  const model = build(form);
  applyPasses(model, [lateDequantise]);
  expect(await largestFloatConstant(model, form.what)).toBeLessThan(SIZE * SIZE);
});

it("a product by packed weights and its gradient leave no dense copy of the weight", async () => {
  const form = {
    bits: 4,
    blockSize: 16,
    n: SIZE,
    k: SIZE,
    zeroPoints: "packed",
    isFlat: false,
    hasBias: false,
    seed: 1,
  } as const;
  const graph = new Graph("packed");
  const model = modelOf(graph);
  const x = graph.addInput("x", { dtype: "float32", shape: ["row", SIZE] });
  const y = addPackedProduct(graph, x, { form, operands: drawPacked(form) }).output();
  withGradient(model, graph, { x, y });
  // the table of 256 bytes by two half bytes is the largest
  expect(await largestFloatConstant(model, "packed")).toBe(512);
});

it("a copy shows where the floats are made early, so that the test would notice", async () => {
  const model = build(FORMS[2]!);
  for (const node of model.graph.nodes.filter(({ opType }) => opType === "DequantizeLinear")) {
    const dense = float32Tensor(new Float32Array(SIZE * SIZE), [SIZE, SIZE]);
    model.graph.replaceAllUses(node.output(), model.graph.addInitializer(`${node.name}/d`, dense));
  }
  expect(await largestFloatConstant(model, "early")).toBe(SIZE * SIZE);
});
