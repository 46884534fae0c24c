/**
 * @file The machine's limit: large products by the runtime's own MatMul, with weights rearranged as it likes them and
 * the same threads as everything else. What no step can pass.
 */
import { Builder } from "../../src/onnx/builder.js";
import { Graph, modelAround, type Model } from "../../src/onnx/graph.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { createSession } from "../../src/runtime/session.js";
import { tensor } from "../../src/runtime/tensor.js";
import { timed } from "./spread.js";

/** Rows, columns and depth of each product: large enough that nothing but multiplying is seen. */
const SIZE = 1024;
const PRODUCTS = 4;
/** Runs of a measurement: together about as long as a step, because a shared machine is faster for a moment than for long. */
const RUNS = 8;

/** GFLOP per second of time, and per second of one processor. */
export interface GemmRate {
  readonly wall: number;
  readonly processor: number;
}

/** A standing measurement of the limit. */
export interface GemmLimit {
  /** Rate at this moment, sustained for some 70 GFLOP. */
  rate(): Promise<GemmRate>;
  release(): Promise<void>;
}

/** Opens the measurement. */
export async function openGemm(threads: number): Promise<GemmLimit> {
  const session = await createSession(chain(), { threads, prepack: true });
  const x = tensor("float32", [SIZE, SIZE], new Float32Array(SIZE * SIZE).fill(0.5));
  await session.run({ x });
  return {
    async rate() {
      const { ms, cpuMs } = await timed(async () => {
        for (let i = 0; i < RUNS; i++) await session.run({ x });
      });
      const flops = RUNS * PRODUCTS * 2 * SIZE ** 3;
      return { wall: flops / ms / 1e6, processor: flops / cpuMs / 1e6 };
    },
    release: () => session.release(),
  };
}

/** x · W₁ · W₂ · …, and the largest element, so that little is carried out of the runtime. */
function chain(): Model {
  const graph = new Graph("gemm limit");
  const b = new Builder(graph, "gemm");
  let x = graph.addInput("x", { dtype: "float32", shape: [SIZE, SIZE] });
  for (let i = 0; i < PRODUCTS; i++) {
    // entries of about 1/√n keep the numbers near 1
    const data = Array.from({ length: SIZE * SIZE }, (_, at) => ((at * 37 + i) % 101) / 1616);
    x = b.op("MatMul", [x, b.constant(float32Tensor(data, [SIZE, SIZE]), "W")]);
  }
  const top = b.op("ReduceMax", [x], { axes: [0n, 1n] });
  top.type = { dtype: "float32", shape: [1, 1] };
  graph.outputs.push(top);
  return modelAround(graph, { "": 17 });
}
