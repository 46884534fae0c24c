import { beforeAll, describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { buildCapture, buildWhole, residualName } from "../../src/models/capture-graph.js";
import { feedBatch } from "../../src/models/feed-batch.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { openSuffix, type ProbeRow } from "../../src/models/suffix-probe.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Model } from "../../src/onnx/graph.js";
import { chooseDevice, tryWebGpu } from "../../src/runtime/device.js";
import { widenTrigonometry } from "../../src/runtime/exact-trigonometry.js";
import { createSession, type Device } from "../../src/runtime/session.js";
import { int64, tensor, type RuntimeTensor } from "../../src/runtime/tensor.js";
import type { DeviceHost } from "../../src/runtime/webgpu-adapter.js";
import { stream } from "../../src/stats/stream.js";
import { SPECS } from "../autodiff/specs.js";
import { gradientGraph } from "../support/gradient-case.js";
import { deviation } from "../support/run-model.js";
import { modelOf } from "../support/tiny-models.js";

/**
 * WebGPU against the CPU, both in float32. The shading language demands correct rounding of + − ×, 2.5 units in the last
 * place of ÷, and 3 + 2|x| of exp, |x| ≤ 4 in the cases: 11 units. Sums of up to 60 terms add √60 ≈ 8 roundings. 2⁻²⁴ × 16
 * relative to the largest element (or 1), observed 3·10⁻⁷. Sines and cosines alone would deviate more, 2⁻¹¹ by the
 * language and 1.4·10⁻⁴ observed, and are therefore computed in float64 (`exact-trigonometry.ts`).
 */
const OPERATOR = 2 ** -20;

/** Cases that cannot be asked in float32. */
const NOT_FLOAT32: Readonly<Record<string, string>> = {
  Cast: "the cases cast to and from float64, which WebGPU does not have",
};

/**
 * A decoder of 3 to 5 blocks, about 30 operators each in a row: every one adds OPERATOR / 16 (typical, not worst) times
 * the largest state, which the residual stream carries on: 2⁻²⁴ × 150 ≈ 10⁻⁵; with room for cancellation in norms.
 */
const DECODER = { forward: 5e-5, gradient: 5e-4 };

const adapter = await tryWebGpu().catch((error: unknown) => String(error));
const isUsable = typeof adapter !== "string";
if (!isUsable) process.stderr.write(`WebGPU tests skip: ${adapter}\n`);

/** Largest difference over the largest magnitude. */
function relative(actual: ArrayLike<number>, expected: ArrayLike<number>, least = 0): number {
  const { worst, largest } = deviation(actual, expected);
  return worst / Math.max(least, largest);
}

describe.runIf(isUsable).each(Object.keys(SPECS).filter((op) => !(op in NOT_FLOAT32)))(
  "on WebGPU, %s and its gradient",
  (op) => {
    it("are those of the CPU", async () => {
      const specs = SPECS[op]!;
      for (const i of new Set([0, specs.length - 1])) {
        const spec = specs[i]!;
        const opset = (spec.opsets ?? [18]).at(-1)!;
        const options = { op, opset, knowledge: "sizes", dtype: "float32" } as const;
        const cpu = await gradientGraph(spec, options);
        const gpu = await gradientGraph(spec, { ...options, device: "webgpu" });
        const [expected, actual] = [await cpu.run(cpu.x), await gpu.run(cpu.x)];
        await Promise.all([cpu.session.release(), gpu.session.release()]);
        expect(relative(actual.losses, expected.losses, 1)).toBeLessThanOrEqual(OPERATOR);
        expect(relative(actual.gradient, expected.gradient, 1)).toBeLessThanOrEqual(OPERATOR);
        expect(actual.shapes).toEqual(expected.shapes);
      }
    });
  },
);

/** y = op(x), as a graph of one node. */
function unary(op: string): Model {
  const graph = new Graph(op);
  const x = graph.addInput("x", { dtype: "float32", shape: ["n"] });
  const y = new Builder(graph, "test").op(op, [x]);
  graph.rename(y, "y");
  y.type = { dtype: "float32", shape: ["n"] };
  graph.outputs.push(y);
  return modelOf(graph);
}

describe.runIf(isUsable).each(["Sin", "Cos"])("%s", (op) => {
  const x = tensor(
    "float32",
    [64],
    Float32Array.from({ length: 64 }, (_, i) => i / 4),
  );
  const f = op === "Sin" ? Math.sin : Math.cos;
  const exact = Float64Array.from(x.data, f);

  it("is exact to float32 on WebGPU, though the shading language allows an error of 2⁻¹¹", async () => {
    const session = await createSession(unary(op), { device: "webgpu" });
    const { y } = await session.run({ x });
    await session.release();
    expect(deviation(Array.from(y!.data, Number), exact).worst).toBeLessThanOrEqual(2 ** -23);
  });
});

it("sines and cosines keep their name as outputs and are widened once", () => {
  const model = unary("Sin");
  widenTrigonometry(model.graph);
  const ops = (): string[] => model.graph.topologicalOrder().map(({ op }) => op);
  expect(ops()).toEqual(["Cast", "Sin", "Cast"]);
  expect(model.graph.outputs.map(({ name, type }) => [name, type?.dtype])).toEqual([
    ["y", "float32"],
  ]);
  widenTrigonometry(model.graph);
  expect(ops()).toEqual(["Cast", "Sin", "Cast"]);
});

const MODELS = {
  "the demo's decoder": "fixtures/demo/base",
  "a Llama of torch's TorchScript exporter": "fixtures/exports/llama/optimum-past",
  "a GPT-2": "fixtures/exports/gpt2/optimum-nopast",
};

describe.runIf(isUsable).each(Object.entries(MODELS))("%s on WebGPU", (_, path) => {
  const rows = [
    [5, 9, 12, 7, 3, 8],
    [4, 11, 6, 2],
  ];
  let located: LocatedModel;
  beforeAll(async () => {
    located = await loadModel(path, { adapters: ADAPTERS });
  });

  async function run(
    model: Model,
    device: Device,
    more: Readonly<Record<string, RuntimeTensor>> = {},
  ): Promise<Record<string, number[]>> {
    const session = await createSession(model, { device, threads: 1 });
    const feeds = { ...feedBatch(located.feeds, rows), ...more };
    const outputs = await session.run(feeds).finally(() => session.release());
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, Number)]),
    );
  }

  function compare(actual: Record<string, number[]>, expected: Record<string, number[]>): void {
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [name, values] of Object.entries(expected)) {
      expect(relative(actual[name]!, values), name).toBeLessThanOrEqual(DECODER.forward);
    }
  }

  it("computes the logits of the CPU", async () => {
    compare(await run(buildWhole(located), "webgpu"), await run(buildWhole(located), "cpu"));
  });

  it("captures the states of the CPU", async () => {
    const layers = [0, 1, located.nLayers];
    const more = {
      label_position: int64([2], [5, 3]),
      answer_ids: int64([2], [3, 9]),
    };
    const [gpu, cpu] = [
      await run(buildCapture(located, { layers }), "webgpu", more),
      await run(buildCapture(located, { layers }), "cpu", more),
    ];
    expect(Object.keys(cpu)).toContain(residualName(located.nLayers));
    compare(gpu, cpu);
  });

  it("has the log-probabilities and the gradient of the CPU above every second layer", async () => {
    const rng = stream(3, "webgpu");
    for (let layer = 0; layer <= located.nLayers; layer += 2) {
      const states = (n: number): Float32Array =>
        Float32Array.from({ length: n * located.dModel }, () => rng.normal());
      const probes: ProbeRow[] = rows.map((ids, i) => ({
        ids,
        residual: states(ids.length),
        patched: states(1),
        patchPosition: 1,
        labelPosition: ids.length - 1,
        label: i,
      }));
      const [gpu, cpu] = await Promise.all(
        (["webgpu", "cpu"] as const).map(async (device) => {
          const suffix = await openSuffix(located, layer, { device, threads: 1 });
          return suffix.run(probes, [3, 9]).finally(() => suffix.release());
        }),
      );
      expect(relative(gpu!.logProb, cpu!.logProb, 1)).toBeLessThanOrEqual(DECODER.forward);
      expect(relative(gpu!.gradient, cpu!.gradient)).toBeLessThanOrEqual(DECODER.gradient);
    }
  });
});

describe.runIf(isUsable)("the device", () => {
  it("refuses a graph with shape arithmetic when it is strict, by name", async () => {
    const located = await loadModel("fixtures/demo/base", { adapters: ADAPTERS });
    await expect(
      createSession(buildWhole(located), { device: "webgpu", strict: true }),
    ).rejects.toMatchObject({
      code: "DEVICE_INCOMPLETE",
      exitCode: 5,
    });
  });

  it("runs a graph that it can run as a whole when it is strict", async () => {
    const session = await createSession(unary("Neg"), { device: "webgpu", strict: true });
    const { y } = await session.run({ x: tensor("float32", [2], Float32Array.of(1, -2)) });
    expect(y!.data).toEqual(Float32Array.of(-1, 2));
    await session.release();
  });

  it("is the same at the second look, when a session of the first holds the device's file", async () => {
    const file = "/dev/dri/renderD128";
    const host: DeviceHost = {
      platform: "linux",
      list: (folder) => ({ "/dev/dri": ["renderD128"], "/proc/self/fd": ["9"] })[folder] ?? [],
      read: () => "0x1002",
      link: () => file,
    };
    expect(await tryWebGpu(host)).toEqual({ kind: "hardware", name: `AMD (${file})` });
  });

  it("is taken when it is asked for, and by auto only on hardware", async () => {
    const { device, adapter: name } = await chooseDevice("webgpu");
    expect(device).toBe("webgpu");
    const auto = await chooseDevice("auto");
    if (isUsable && adapter.kind === "software") {
      expect(name).toBe("a software adapter");
      expect(auto.device).not.toBe("webgpu");
    }
  });
});
