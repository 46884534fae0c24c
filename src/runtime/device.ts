/**
 * @file Which execution provider runs the graphs. Asked for by name it must work; asked for `auto` it falls back,
 * never silently: the reason goes to the reader and into the result.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { HostError, MasAuditError } from "../errors.js";
import { Builder } from "../onnx/builder.js";
import { Graph, type Model } from "../onnx/graph.js";
import { createSession, type Device } from "./session.js";

/** A device that works here. */
export interface ChosenDevice {
  readonly device: Device;
  /** Why not the faster one; absent where it was not asked for. */
  readonly fallback?: string;
}

/**
 * Tries the device that was asked for with a graph of one node.
 *
 * @throws {@link HostError} when `cuda` is asked for and cannot be loaded.
 */
export async function chooseDevice(asked: "auto" | Device): Promise<ChosenDevice> {
  if (asked === "cpu") return { device: "cpu" };
  try {
    checkCudaLibrary();
    const session = await createSession(oneNode(), { device: "cuda" });
    await session.release();
    return { device: "cuda" };
  } catch (error) {
    if (asked === "cuda" || !(error instanceof MasAuditError)) throw error;
    return { device: "cpu", fallback: error.message };
  }
}

/** Name of the CUDA provider's library by platform; other platforms have none. */
const CUDA_LIBRARIES: Readonly<Record<string, string>> = {
  linux: "libonnxruntime_providers_cuda.so",
  win32: "onnxruntime_providers_cuda.dll",
};

/** Looks for the library first: the runtime's own message names a file and no way out. */
function checkCudaLibrary(): void {
  const name = CUDA_LIBRARIES[process.platform];
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
  const folder = join(dirname(entry), "..", "bin", "napi-v6", process.platform, process.arch);
  if (name !== undefined && existsSync(join(folder, name))) return;
  throw new HostError("the CUDA provider is not installed", {
    code: "PROVIDER_MISSING",
    where: folder,
    expected: name ?? "a platform with a CUDA provider (Linux or Windows)",
    found: name === undefined ? process.platform : "no such library",
    hint: "run `npm rebuild onnxruntime-node --ignore-scripts=false` where its download is reachable, or use --device cpu",
  });
}

function oneNode(): Model {
  const graph = new Graph("provider probe");
  const x = graph.addInput("x", { dtype: "float32", shape: [1] });
  const y = new Builder(graph, "probe").op("Neg", [x]);
  y.type = { dtype: "float32", shape: [1] };
  graph.outputs.push(y);
  return {
    graph,
    irVersion: 8,
    opsets: new Map([["", 17]]),
    producer: "",
    functions: [],
    metadata: new Map(),
    origin: undefined,
  };
}
