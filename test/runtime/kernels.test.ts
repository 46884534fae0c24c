import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { buildCapture } from "../../src/models/capture-graph.js";
import { loadModel } from "../../src/models/load.js";
import { buildSuffix } from "../../src/models/suffix.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Model } from "../../src/onnx/graph.js";
import { tryWebGpu } from "../../src/runtime/device.js";
import { describeGaps, findKernelGaps } from "../../src/runtime/kernels/check.js";
import { CUDA_KERNELS } from "../../src/runtime/kernels/cuda.js";
import { kernelTable } from "../../src/runtime/kernels/kernel.js";
import { WEBGPU_KERNELS } from "../../src/runtime/kernels/webgpu.js";
import { createSession } from "../../src/runtime/session.js";
import { SPECS } from "../autodiff/specs.js";
import { gradientGraph } from "../support/gradient-case.js";
import { modelOf } from "../support/tiny-models.js";

/** −(x + x) for a float32 and an int64 input. */
function twoOps(opset: number): Model {
  const graph = new Graph("two");
  const b = new Builder(graph, "test");
  for (const dtype of ["float32", "int64"] as const) {
    const x = graph.addInput(`x_${dtype}`, { dtype, shape: [2] });
    graph.outputs.push(b.op("Neg", [b.op("Add", [x, x])]));
  }
  return modelOf(graph, opset);
}

describe("findKernelGaps", () => {
  it("takes the newest kernel that is not newer than the graph, and looks at its types", () => {
    const table = kernelTable({
      Add: [
        [7, "floats"],
        [14, "numbers"],
      ],
      Neg: [[13, "floats"]],
    });
    expect(findKernelGaps(twoOps(18), table)).toEqual({
      float: [],
      other: [{ op: "Neg", opset: 18, dtype: "int64", nodes: 1 }],
    });
    const { float, other } = findKernelGaps(twoOps(12), table);
    expect(float.map(({ op }) => op)).toEqual(["Neg"]);
    expect(other.map(({ op }) => op)).toEqual(["Add", "Neg"]);
  });

  it("misses every operator of a provider without kernels, with counts", () => {
    const { float } = findKernelGaps(twoOps(18), kernelTable({}));
    expect(describeGaps(float)).toBe("Add (float32, 1 node), Neg (float32, 1 node)");
  });

  it("knows that CUDA has no float32 kernel for GroupQueryAttention", () => {
    const graph = new Graph("gqa");
    const x = graph.addInput("x", { dtype: "float32", shape: [1, 4, 32] });
    const node = new Builder(graph, "test").node(
      "GroupQueryAttention",
      [x],
      { num_heads: 4n, kv_num_heads: 4n },
      { domain: "com.microsoft" },
    );
    graph.outputs.push(node.output());
    expect(findKernelGaps(modelOf(graph), CUDA_KERNELS).float).toMatchObject([
      { op: "com.microsoft.GroupQueryAttention", dtype: "float32" },
    ]);
    x.type = { dtype: "float16", shape: [1, 4, 32] };
    expect(findKernelGaps(modelOf(graph), CUDA_KERNELS).float).toEqual([]);
  });
});

const MODELS = [
  "fixtures/demo/base",
  "fixtures/exports/llama/optimum-past",
  "fixtures/exports/gpt2/optimum-nopast",
];

/** Not on WebGPU: products with transposed weights, the check for NaN, and what is computed in float64 on purpose. */
const LEFT_TO_CPU_ON_WEBGPU = ["IsNaN", "com.microsoft.FusedMatMul", "Sin", "Cos"];

describe.each(MODELS)("every graph of %s", (path) => {
  it("has CUDA kernels for all its operators on floating-point numbers", async () => {
    const located = await loadModel(path, { adapters: ADAPTERS });
    for (const model of [
      buildCapture(located, { layers: [0, located.nLayers] }),
      buildSuffix(located, 0, { gradient: true }),
    ]) {
      expect(describeGaps(findKernelGaps(model, CUDA_KERNELS).float)).toBe("");
      const webgpu = findKernelGaps(model, WEBGPU_KERNELS).float.map(({ op }) => op);
      expect(webgpu.filter((op) => !LEFT_TO_CPU_ON_WEBGPU.includes(op))).toEqual([]);
    }
  });
});

/** Float operators of the derivative table that CUDA lacks; none is emitted for a decoder. */
const NO_CUDA_KERNEL: Readonly<Record<string, string>> = {
  CastLike: "the runtime replaces it by Cast before it looks for kernels",
};

describe.each(Object.keys(SPECS))("the gradient of %s", (op) => {
  it("uses only operators that CUDA has float32 kernels for", async () => {
    let graph: Model | undefined;
    const spec = SPECS[op]![0]!;
    const { session } = await gradientGraph(spec, {
      op,
      opset: (spec.opsets ?? [18]).at(-1)!,
      knowledge: "ranks",
      ...(op === "Cast" ? {} : { dtype: "float32" as const }),
      edit: (model) => (graph = model),
    });
    await session.release();
    const missing = findKernelGaps(graph!, CUDA_KERNELS).float.map((gap) => gap.op);
    expect(missing.filter((name) => !(name in NO_CUDA_KERNEL))).toEqual([]);
  });
});

const usable = await tryWebGpu().then(
  () => true,
  () => false,
);

/** Rows that a graph of one node cannot confirm: the cases of Cast are in float64. */
const UNCONFIRMED: ReadonlySet<string> = new Set(["Cast"]);

describe.runIf(usable).each(Object.keys(SPECS).filter((op) => !UNCONFIRMED.has(op)))(
  "WebGPU's row of %s",
  (op) => {
    it("says what the runtime does", async () => {
      const spec = SPECS[op]![0]!;
      let model: Model | undefined;
      const { session } = await gradientGraph(spec, {
        op,
        opset: (spec.opsets ?? [18]).at(-1)!,
        knowledge: "sizes",
        dtype: "float32",
        edit: (each) => (model = each),
      });
      await session.release();
      model!.graph.outputs.splice(spec.outputs ?? 1);
      model!.graph.prune();
      const opened = await createSession(model!, { device: "webgpu", strict: true }).then(
        (found) => found.release().then(() => true),
        () => false,
      );
      expect(opened).toBe(WEBGPU_KERNELS.has(op));
    });
  },
);
