import { execFile } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runtimeFolder } from "../../src/runtime/cuda-library.js";
import { fakeLibrary } from "../support/fake-library.js";
import { runtimeSources, transpile, type Transpiled } from "../support/transpiled.js";

const PACKAGES = join(process.cwd(), "node_modules");
const onLinux = process.platform === "linux" && process.arch === "x64";

/** The runtime with a folder of native files of its own, in which a provider can be planted. */
function ownRuntime(): { program: Transpiled; bin: string; script: string; doctor: string } {
  const program = transpile([...runtimeSources(), "cli", "plan"]);
  const modules = join(program.folder, "node_modules");
  unlinkSync(modules);
  mkdirSync(join(modules, "onnxruntime-node"), { recursive: true });
  for (const name of ["onnxruntime-common", "onnx-buf", "@bufbuild"]) {
    symlinkSync(join(PACKAGES, name), join(modules, name));
  }
  for (const part of ["package.json", "dist"]) {
    const from = join(PACKAGES, "onnxruntime-node", part);
    cpSync(from, join(modules, "onnxruntime-node", part), { recursive: true });
  }
  const bin = join(modules, "onnxruntime-node", "bin", "napi-v6", process.platform, process.arch);
  mkdirSync(bin, { recursive: true });
  copyFileSync(
    join(runtimeFolder(), "onnxruntime_binding.node"),
    join(bin, "onnxruntime_binding.node"),
  );
  symlinkSync(join(runtimeFolder(), "libonnxruntime.so.1"), join(bin, "libonnxruntime.so.1"));
  const script = program.script(
    "choose.js",
    `import { chooseDevice, describeChoice } from "./src/runtime/device.js";
     const told = ({ code, message, found, exitCode }) => ({ code, message, found, exitCode });
     const [cuda, auto] = [
       await chooseDevice("cuda:1").then(() => "works", told),
       await chooseDevice("auto").then(describeChoice, told),
     ];
     console.log(JSON.stringify({ cuda, auto }));`,
  );
  const doctor = program.script(
    "doctor.js",
    `import { readFacts } from "./src/cli/doctor-facts.js";
     const { providers, auto } = await readFacts(null);
     console.log(JSON.stringify({ usable: providers.filter((each) => each.isUsable), auto }));`,
  );
  return { program, bin, script, doctor };
}

// the runtime for another platform has no CUDA provider to plant
describe.runIf(onLinux)("a provider planted beside the runtime", () => {
  let own: ReturnType<typeof ownRuntime>;
  beforeAll(() => {
    own = ownRuntime();
  });
  afterAll(() => {
    own.program.remove();
  });

  async function choose(
    files: Readonly<Record<string, Buffer | string>>,
  ): Promise<{ cuda: unknown; auto: string }> {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(own.bin, name), bytes);
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [own.script]);
      return JSON.parse(stdout) as { cuda: unknown; auto: string };
    } finally {
      for (const name of Object.keys(files)) rmSync(join(own.bin, name));
    }
  }

  it("finds auto nothing to take where the runtime itself cannot be loaded", async () => {
    const binding = join(own.bin, "onnxruntime_binding.node");
    renameSync(binding, `${binding}.away`);
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [own.doctor]);
      expect(JSON.parse(stdout)).toEqual({ usable: [], auto: null });
    } finally {
      renameSync(`${binding}.away`, binding);
    }
  });

  const CUDA = "libonnxruntime_providers_cuda.so";
  const SHARED = "libonnxruntime_providers_shared.so";

  it.each([
    ["that is not there", {}, "PROVIDER_MISSING", `no ${CUDA}, no ${SHARED}`],
    ["without its bridge", { [CUDA]: fakeLibrary([]) }, "PROVIDER_MISSING", `no ${SHARED}`],
    [
      "that is no library",
      { [CUDA]: "junk", [SHARED]: fakeLibrary([]) },
      "PROVIDER_DAMAGED",
      "it ends too early",
    ],
    [
      "whose CUDA is missing",
      {
        [CUDA]: fakeLibrary(["libnoneLt.so.13", "libc.so.6", "libnone.so.13"]),
        [SHARED]: fakeLibrary([]),
      },
      "PROVIDER_LIBRARIES",
      "no libnoneLt.so.13; no libnone.so.13",
    ],
  ])("%s is an error by name, and a reason of auto", async (_, files, code, found) => {
    const { cuda, auto } = await choose(files);
    expect(cuda).toMatchObject({ code, found, exitCode: 5 });
    expect(auto).toContain(`(auto: no cuda, ${(cuda as { message: string }).message}; no webgpu, `);
    expect(auto).toMatch(/^(cpu|webgpu on .*) \(auto/);
  });

  it("that loads but is none of the runtime's is an error of the runtime, in its own words", async () => {
    const { cuda } = await choose({
      [CUDA]: fakeLibrary(["libc.so.6"]),
      [SHARED]: fakeLibrary(["libc.so.6"]),
    });
    expect(cuda).toMatchObject({ code: "PROVIDER", exitCode: 5 });
  });
});
