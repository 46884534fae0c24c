import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import type { DoctorOptions } from "../../src/cli/commands.js";
import { doctorCommand } from "../../src/cli/doctor-command.js";
import type { DoctorFacts } from "../../src/cli/doctor-facts.js";
import { printFacts } from "../../src/cli/doctor-text.js";
import { keepingSink } from "./run.js";

async function doctor(options: Partial<DoctorOptions>): Promise<{ code: number; text: string }> {
  const [stdout, stderr] = [keepingSink(), keepingSink()];
  const code = await doctorCommand(
    { model: null, device: "auto", json: false, verbose: false, ...options },
    { stdout, stderr, argv: [], signal: new AbortController().signal },
    { adapters: ADAPTERS },
  );
  expect(stderr.text()).toBe("");
  return { code, text: stdout.text() };
}

/** A machine with everything wrong that can be, and names that are too long for a line. */
const FACTS: DoctorFacts = {
  schema: "mas-audit/doctor@1",
  versions: { masAudit: "1.2.3", node: "20.0.0", onnxruntime: "1.30.0", platform: "linux-x64" },
  machine: {
    cores: 1.5,
    threads: 1,
    memoryBytes: 2e9,
    memoryFrom: "the limit in /sys/fs/cgroup/memory.max",
    disks: [
      { use: "results", folder: "/home/me/audits", freeBytes: 12e9 },
      { use: "temporary", folder: "/tmp", freeBytes: 3e8 },
    ],
  },
  gpus: [
    { file: "/dev/nvidia0", vendor: "NVIDIA", isHardware: true },
    { file: "/dev/dri/renderD128", vendor: "0x1af4", isHardware: false },
  ],
  nvidiaDriver: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15",
  isTf32Off: false,
  providers: [
    {
      name: "cpu",
      isCompiledIn: true,
      isBundled: true,
      isUsable: true,
      adapter: null,
      problem: null,
    },
    {
      name: "cuda",
      isCompiledIn: true,
      isBundled: false,
      isUsable: false,
      adapter: null,
      problem: {
        code: "PROVIDER_LIBRARIES",
        message: "libraries that the CUDA provider needs are missing",
        expected: "libcublasLt.so.13, libcudart.so.13",
        found:
          "no libcublasLt.so.13, but /usr/local/cuda/lib64/libcublasLt.so.12; no libcudart.so.13",
        hint: "install the CUDA 13 runtime libraries",
      },
    },
    {
      name: "webgpu",
      isCompiledIn: true,
      isBundled: true,
      isUsable: true,
      adapter: "software adapter",
      problem: null,
    },
  ],
  auto: "cpu (auto: no cuda, libraries that the CUDA provider needs are missing; no webgpu, its adapter is software)",
  model: {
    path: "/models/m.onnx",
    graphs: [
      {
        device: "cuda",
        graph: "capture",
        nodes: 100,
        float: [
          { op: "com.microsoft.GroupQueryAttention", opset: 1, dtype: "float32", nodes: 12 },
          { op: "Thing", opset: 18, dtype: undefined, nodes: 1 },
        ],
        other: [{ op: "Mod", opset: 18, dtype: "int64", nodes: 7 }],
      },
      { device: "cuda", graph: "suffix with gradient", nodes: 300, float: [], other: [] },
    ],
  },
};

describe("doctor", () => {
  it("prints what a person needs in 80 columns", async () => {
    const text = printFacts(FACTS);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    await expect(text).toMatchFileSnapshot("../golden/cli/doctor.txt");
  });

  it("shows what a path or a model would do to the terminal", () => {
    const [first] = FACTS.model!.graphs;
    const named = [{ op: "\u001b[2J", opset: 1, dtype: undefined, nodes: 1 }];
    const graphs = [{ ...first!, float: named }];
    const printed = printFacts({ ...FACTS, model: { path: "/m/\u001b[31m.onnx", graphs } });
    const text = printed.replaceAll(/\s+/g, " ");
    expect(text).not.toContain("\u001b");
    expect(text).toContain("/m/\\u001b[31m.onnx");
    expect(text).toContain("\\u001b[2J (unknown type, 1 node)");
  });

  it("ends with 0 where the CPU works, and tells the same to programs", async () => {
    const { code, text } = await doctor({ json: true });
    expect(code).toBe(0);
    const facts = JSON.parse(text) as DoctorFacts;
    expect(Object.keys(facts)).toEqual(Object.keys(FACTS));
    expect(facts.providers.map(({ name }) => name)).toEqual(["cpu", "cuda", "webgpu"]);
    for (const { isUsable, problem } of facts.providers) expect(isUsable).toBe(problem === null);
    expect(facts.providers[0]).toEqual(FACTS.providers[0]);
    expect(facts.machine.disks.every(({ freeBytes }) => freeBytes > 0)).toBe(true);
  });

  it("compares the graphs of a model with the kernels of every device, or of one", async () => {
    const model = "fixtures/demo/base";
    const gaps = async (
      options: Partial<DoctorOptions>,
    ): Promise<(readonly [string, string])[]> => {
      const { text } = await doctor({ model, json: true, ...options });
      const { graphs } = (JSON.parse(text) as DoctorFacts).model!;
      return graphs.map(({ device, graph }) => [device, graph] as const);
    };
    expect(await gaps({ device: "cuda:1" })).toEqual([
      ["cuda", "capture"],
      ["cuda", "suffix with gradient"],
    ]);
    expect(await gaps({})).toHaveLength(4);
    expect((await doctor({ model, device: "webgpu" })).text).toMatch(
      /without a WebGPU\s+kernel: com\.microsoft\.FusedMatMul/,
    );
  });
});
