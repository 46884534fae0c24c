/** @file Which TensorFlow.js is taken, what is said of the others, and the error where there is none. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HostError } from "../../src/errors.js";
import {
  describeTensorFlow,
  loadTensorFlow,
  thisPackageHost,
  type PackageHost,
} from "../../src/runtime/tensorflow.js";

const CORE = "@tensorflow/tfjs-core";
const LAYERS = "@tensorflow/tfjs-layers";
const CPU = "@tensorflow/tfjs-backend-cpu";
const WASM = "@tensorflow/tfjs-backend-wasm";
const NODE = "@tensorflow/tfjs-node";
const GPU = "@tensorflow/tfjs-node-gpu";

/** A machine with these packages; the ones of this installation stand in for those that are not here. */
function machine(
  installed: readonly string[],
  { broken = {} }: { readonly broken?: Readonly<Record<string, string>> } = {},
): PackageHost & { readonly loaded: readonly string[] } {
  const loaded: string[] = [];
  const own = thisPackageHost();
  return {
    loaded,
    isInstalled: (name) => installed.includes(name),
    load: (name) => {
      loaded.push(name);
      const why = broken[name];
      if (why !== undefined) return Promise.reject(new Error(`${why}\nand a second line`));
      return own.load(own.isInstalled(name) ? name : CORE);
    },
  };
}

async function refusal(host: PackageHost): Promise<HostError> {
  const error: unknown = await loadTensorFlow(host).then(
    () => new Error("it was loaded"),
    (reason: unknown) => reason,
  );
  if (error instanceof HostError) return error;
  throw error;
}

describe("TensorFlow.js", () => {
  it("is that of this installation", async () => {
    const chosen = await loadTensorFlow();
    expect(chosen).toMatchObject({ name: CPU, version: "4.22.0" });
    expect(chosen.passedOver.map(({ name }) => name)).toEqual([GPU, NODE, WASM]);
  });

  it("whose library does not start is passed over with its reason", async () => {
    const host = machine([GPU, CORE, LAYERS, CPU], { broken: { [GPU]: "libcudart.so.11.0 is missing. " } }); // prettier-ignore
    const chosen = await loadTensorFlow(host);
    expect(describeTensorFlow(chosen)).toBe(
      `TensorFlow.js 4.22.0 by ${CPU} (no ${GPU}: libcudart.so.11.0 is missing; no ${NODE}: not installed; no ${WASM}: not installed)`,
    );
  });

  it("whose backend does not start is passed over likewise", async () => {
    // the operations are there, and no backend of that name
    const chosen = await loadTensorFlow(machine([NODE, CORE, LAYERS, CPU]));
    expect(chosen.name).toBe(CPU);
    expect(chosen.passedOver).toContainEqual({
      name: NODE,
      reason: expect.stringContaining("tensorflow") as unknown,
    });
  });

  it("without the operations that are needed is none", async () => {
    const host: PackageHost = {
      isInstalled: (name) => name === NODE,
      load: () => Promise.resolve({ default: { version_core: "4.22.0" }, tidy: 1 }),
    };
    const { found } = await refusal(host);
    expect(found).toContain(`${NODE}: has not the operations that are needed`);
  });

  it("needs the package with the gradients beside the backend", async () => {
    const { found } = await refusal(machine([CORE, CPU]));
    expect(found).toContain(`${CPU}: without ${LAYERS}`);
  });

  it("that is nowhere is a named error which says how to install it", async () => {
    const host = machine([]);
    const { code, exitCode, message, where, expected, found, hint } = await refusal(host);
    expect({ code, exitCode, message, where, expected, found, hint }).toEqual({
      code: "NO_TENSORFLOW",
      exitCode: 5,
      message: "the learner tfjs needs TensorFlow.js, which is not here",
      where: "--learner tfjs",
      expected: `one of ${GPU}, ${NODE}, ${WASM}, ${CPU}`,
      found: `${GPU}: not installed; ${NODE}: not installed; ${WASM}: not installed; ${CPU}: not installed`,
      hint: `npm install ${GPU}@4.22.0 (NVIDIA GPU), or npm install ${CORE}@4.22.0 ${LAYERS}@4.22.0 ${CPU}@4.22.0 (anywhere), or leave --learner out`,
    });
    expect(host.loaded).toEqual([]);
  });

  it("is loaded by nobody who does not ask: every import of it in the sources is of types", () => {
    const files = readdirSync("src", { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    const imports = files.flatMap((text) => text.match(/^.*(from|import\()\s*"@tensorflow.*$/gm) ?? []); // prettier-ignore
    expect(imports.length).toBeGreaterThan(0);
    for (const line of imports) expect(line).toMatch(/^import type /);
  });
});
