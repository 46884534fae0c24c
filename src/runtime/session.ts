/**
 * @file The only importer of onnxruntime-node: a model becomes a session, tensors go in and come out.
 */
import type { InferenceSession, OnnxValue, Tensor as OrtTensor } from "onnxruntime-node";
import { HostError, invariant, ModelFormatError, present } from "../errors.js";
import { annotateTypes } from "../onnx/annotate-types.js";
import { encodeModel, type EncodedModel } from "../onnx/encode.js";
import type { Dim, Model } from "../onnx/graph.js";
import { lateWiden } from "../onnx/passes/late-dequantise.js";
import { applyPasses } from "../onnx/passes/pass.js";
import { BufferPool } from "./buffer-pool.js";
import { prepareEnvironment } from "./environment.js";
import { widenTrigonometry } from "./exact-trigonometry.js";
import { oneNode } from "./one-node.js";
import { isProviderFailure, providerError } from "./provider-error.js";
import { readStored, type StoredFeeds } from "./stored-feeds.js";
import type { Feeds, RuntimeDType, RuntimeTensor } from "./tensor.js";

/** Where a session runs; `cuda:1` is the second NVIDIA GPU, `cuda` the first. */
export type Device = "cpu" | "webgpu" | "cuda" | `cuda:${number}`;

/** How to make a session. */
export interface SessionOptions {
  /** @defaultValue "cpu" */
  readonly device?: Device;
  /** Intra-operator threads. @defaultValue the runtime's: physical cores */
  readonly threads?: number;
  /**
   * Let the runtime rearrange weights into private copies that multiply faster, in float32 whatever the file's type.
   * Costs one copy of the weights per use. @defaultValue false
   */
  readonly prepack?: boolean;
  /**
   * Refuse a graph of which the device cannot run every node, arithmetic on shapes included, instead of leaving those
   * nodes to the CPU. Says nothing on the CPU itself. @defaultValue false
   */
  readonly strict?: boolean;
  /** Where the session lives. @defaultValue the thread that asks */
  readonly host?: OpensSessions;
}

/** Opens sessions elsewhere: a thread of its own. */
export interface OpensSessions {
  open(model: EncodedModel, options: SessionOptions): Promise<Session>;
}

/** An input or output of a session. */
export interface PortType {
  readonly name: string;
  readonly dtype: RuntimeDType;
  readonly shape: readonly Dim[];
}

/** A loaded model. Release it: sessions hold native memory that the garbage collector does not see. */
export interface Session {
  readonly inputs: readonly PortType[];
  readonly outputs: readonly PortType[];
  /**
   * Runs the graph once, on `feeds` and on those of `stored`, which it reads where it runs. Feeds may be changed when the
   * promise settles.
   *
   * @throws {@link HostError} when the runtime refuses the feeds or fails inside.
   */
  run(feeds: Feeds, stored?: StoredFeeds): Promise<Record<string, RuntimeTensor>>;
  /** Gives the native memory back; the session cannot be run any more. */
  release(): Promise<void>;
}

const TO_RUNTIME = {
  float32: "float32",
  float64: "float64",
  float16: "float16",
  int64: "int64",
  int32: "int32",
  uint8: "uint8",
  bool: "bool",
} as const satisfies Record<RuntimeDType, string>;

/**
 * Makes a session from a model; weights are mapped from the files they are in. Types of inner values are replaced by
 * inferred ones, and on WebGPU sines and cosines by exact ones, in place.
 *
 * @throws {@link ModelFormatError} when the runtime refuses the graph; {@link HostError} when the provider or the
 * runtime itself cannot be loaded.
 */
export async function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  if (options.device === "webgpu") widenTrigonometry(model.graph);
  // else the runtime makes a float32 copy of every half-precision weight for each session
  if (options.prepack !== true) applyPasses(model, [lateWiden]);
  annotateTypes(model.graph);
  const encoded = encodeModel(model);
  return options.host === undefined
    ? openEncoded(encoded, options)
    : options.host.open(encoded, options);
}

/** Makes a session, in this thread, from a model that {@link createSession} has prepared. */
export async function openEncoded(
  { name, bytes, folder }: EncodedModel,
  options: SessionOptions,
): Promise<Session> {
  const ort = await loadRuntime();
  if (options.device === "webgpu") await keepShaders(ort);
  const session = await open(ort, bytes, { ...options, folder });
  const inputs = session.inputMetadata.map(port);
  const outputs = session.outputMetadata.map(port);
  return {
    inputs,
    outputs,
    async run(feeds, stored) {
      const loan = POOL.lend();
      try {
        const read = stored && readStored(stored, loan.array);
        return await runOnce(ort, session, { name, feeds: { ...feeds, ...read } });
      } finally {
        loan.giveBack();
      }
    },
    release: () => session.release(),
  };
}

/** Memory for stored feeds, of all sessions in this thread: they mostly run one after the other. */
const POOL = new BufferPool();

async function runOnce(
  ort: Runtime,
  session: InferenceSession,
  { name, feeds }: { readonly name: string; readonly feeds: Feeds },
): Promise<Record<string, RuntimeTensor>> {
  let results: InferenceSession.OnnxValueMapType;
  try {
    results = await session.run(
      Object.fromEntries(
        Object.entries(feeds).map(([name, value]) => [name, toRuntime(ort.Tensor, value)]),
      ),
    );
  } catch (cause) {
    throw new HostError("the runtime failed while running a graph", {
      code: "RUNTIME_RUN",
      where: `graph "${name}"`,
      found: firstLine(cause),
      hint: "run again with --verbose for the runtime's own words",
      cause,
    });
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, fromRuntime(value, name)]),
  );
}

type Runtime = typeof import("onnxruntime-node");

let shaderKeeper: Promise<InferenceSession> | undefined;

/**
 * Opens a session on WebGPU that stays open until the process ends: compiled shaders live as long as any session does,
 * and compiling those of a small decoder anew takes ten times as long as running it.
 */
async function keepShaders(ort: Runtime): Promise<void> {
  shaderKeeper ??= open(ort, encodeModel(oneNode()).bytes, { device: "webgpu", folder: undefined });
  try {
    await shaderKeeper;
  } catch (error) {
    shaderKeeper = undefined;
    throw error;
  }
}

async function loadRuntime(): Promise<Runtime> {
  prepareEnvironment();
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new HostError("ONNX Runtime cannot be loaded", {
      code: "RUNTIME_LOAD",
      expected: "the package onnxruntime-node with its native library for this platform",
      found: firstLine(cause),
      hint: "install again: npm ci --ignore-scripts",
      cause,
    });
  }
}

function sessionOptions(
  { device = "cpu", threads, prepack = false, strict = false }: SessionOptions,
  folder: string | undefined,
): InferenceSession.SessionOptions {
  const extra: Record<string, unknown> = {
    session: {
      disable_prepacking: prepack ? "0" : "1",
      ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
      // the runtime refuses this together with the CPU asked for by name
      ...(strict && device !== "cpu" ? { disable_cpu_ep_fallback: "1" } : {}),
      // threads that wait for the next operator spin for a moment, which saves waking them (a sixth of a step on two
      // threads), and not for long, which would make two processes on one machine several times slower
      intra_op: { allow_spinning: "1", spin_duration_us: "200" },
    },
  };
  return {
    executionProviders: [provider(device)],
    enableMemPattern: false, // shapes vary from batch to batch
    logSeverityLevel: 3,
    extra,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  };
}

function provider(device: Device): string | { readonly name: string; readonly deviceId: number } {
  const [name = device, id] = device.split(":");
  return id === undefined ? name : { name, deviceId: Number(id) };
}

async function open(
  ort: Runtime,
  bytes: Uint8Array,
  options: SessionOptions & { readonly folder: string | undefined },
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, sessionOptions(options, options.folder));
  } catch (cause) {
    const text = firstLine(cause);
    const { device = "cpu" } = options;
    if (/fallback to CPU EP has been explicitly disabled/.test(text))
      throw strictError(device, cause);
    if (device !== "cpu" && isProviderFailure(text)) throw providerError(device, text, cause);
    throw new ModelFormatError("the runtime refuses the model", {
      code: "RUNTIME_REFUSES",
      found: text,
      hint: "export the model again with a current exporter",
      cause,
    });
  }
}

function strictError(device: Device, cause: unknown): HostError {
  return new HostError("the device cannot run a whole graph", {
    code: "DEVICE_INCOMPLETE",
    expected: `--strict-device: every node on "${device}", arithmetic on shapes included`,
    found: "nodes that are left to the CPU",
    hint: "run `mas-audit doctor --model MODEL` for the operators, or leave out --strict-device",
    cause,
  });
}

function toRuntime(Tensor: Runtime["Tensor"], value: RuntimeTensor): OrtTensor {
  return new Tensor(TO_RUNTIME[value.dtype], value.data as never, value.dims); // the union is checked by RuntimeTensor
}

function fromRuntime(value: OnnxValue, name: string): RuntimeTensor {
  const { type, dims, data } = value; // graphs of ours have tensor outputs only
  invariant(type in TO_RUNTIME, `output "${name}" has element type ${type}`);
  return { dtype: type, dims, data } as RuntimeTensor;
}

function port(metadata: InferenceSession.ValueMetadata): PortType {
  invariant(metadata.isTensor, `"${metadata.name}" is no tensor`);
  return {
    name: metadata.name,
    dtype: metadata.type as RuntimeDType, // the runtime refuses other types at the border
    shape: metadata.shape.map((dim) => (dim === "" ? null : dim)),
  };
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return present(text.split("\n")[0], "message");
}

/** Version of the runtime, for manifests. @throws {@link HostError} when it cannot be loaded. */
export async function runtimeVersion(): Promise<string> {
  const { env } = await loadRuntime();
  return env.versions.node ?? env.versions.common;
}

/** A provider that is compiled into the runtime, by the runtime's own list. */
export interface CompiledProvider {
  readonly name: string;
  /** Its library came with the package; otherwise it has to be installed. */
  readonly isBundled: boolean;
}

/** Providers of this runtime. @throws {@link HostError} when it cannot be loaded. */
export async function listProviders(): Promise<readonly CompiledProvider[]> {
  const { listSupportedBackends } = await loadRuntime();
  return listSupportedBackends().map(({ name, bundled }) => ({ name, isBundled: bundled }));
}
