/**
 * @file The only importer of onnxruntime-node: a model becomes a session, tensors go in and come out.
 */
import type { InferenceSession, OnnxValue, Tensor as OrtTensor } from "onnxruntime-node";
import { HostError, invariant, ModelFormatError, present } from "../errors.js";
import { annotateTypes } from "../onnx/annotate-types.js";
import { encodeModel } from "../onnx/encode.js";
import type { Dim, Model } from "../onnx/graph.js";
import type { Feeds, RuntimeDType, RuntimeTensor } from "./tensor.js";

/** Where a session runs. */
export type Device = "cpu" | "cuda";

/** How to make a session. */
export interface SessionOptions {
  /** @defaultValue "cpu" */
  readonly device?: Device;
  /** Intra-operator threads. @defaultValue the runtime's: physical cores */
  readonly threads?: number;
  /**
   * Let the runtime rearrange weights into private copies that multiply faster. Costs one copy of the weights per
   * use (`onnx.md` 2.9). @defaultValue false
   */
  readonly prepack?: boolean;
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
   * Runs the graph once.
   *
   * @throws {@link HostError} when the runtime refuses the feeds or fails inside.
   */
  run(feeds: Feeds): Promise<Record<string, RuntimeTensor>>;
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
 * inferred ones, in place.
 *
 * @throws {@link ModelFormatError} when the runtime refuses the graph; {@link HostError} when the provider or the
 * runtime itself cannot be loaded.
 */
export async function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  const ort = await loadRuntime();
  annotateTypes(model.graph);
  const { bytes, folder } = encodeModel(model);
  const session = await open(ort, bytes, { ...options, folder });
  const inputs = session.inputMetadata.map(port);
  const outputs = session.outputMetadata.map(port);
  return {
    inputs,
    outputs,
    async run(feeds) {
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
          where: `graph "${model.graph.name}"`,
          found: firstLine(cause),
          hint: "run again with --verbose for the runtime's own words",
          cause,
        });
      }
      return Object.fromEntries(
        Object.entries(results).map(([name, value]) => [name, fromRuntime(value, name)]),
      );
    },
    release: () => session.release(),
  };
}

type Runtime = typeof import("onnxruntime-node");

async function loadRuntime(): Promise<Runtime> {
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
  { device = "cpu", threads, prepack = false }: SessionOptions,
  folder: string | undefined,
): InferenceSession.SessionOptions {
  const extra: Record<string, unknown> = {
    session: {
      disable_prepacking: prepack ? "0" : "1",
      ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
      // spinning threads make two processes on one machine ten times slower
      intra_op: { allow_spinning: "0" },
    },
  };
  return {
    executionProviders: [device],
    enableMemPattern: false, // shapes vary from batch to batch
    logSeverityLevel: 3,
    extra,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  };
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
    if (/provider|cuda|cublas|cudnn/i.test(text)) {
      throw new HostError("the execution provider cannot be loaded", {
        code: "PROVIDER",
        expected: `the provider "${options.device ?? "cpu"}" with its libraries`,
        found: text,
        hint: "use --device cpu, or install the provider's libraries",
        cause,
      });
    }
    throw new ModelFormatError("the runtime refuses the model", {
      code: "RUNTIME_REFUSES",
      found: text,
      hint: "export the model again with a current exporter",
      cause,
    });
  }
}

function toRuntime(Tensor: Runtime["Tensor"], value: RuntimeTensor): OrtTensor {
  return new Tensor(TO_RUNTIME[value.dtype], value.data as never, value.dims); // the union is checked by RuntimeTensor
}

function fromRuntime(value: OnnxValue, name: string): RuntimeTensor {
  const found = value; // graphs of ours have tensor outputs only
  invariant(found.type in TO_RUNTIME, `output "${name}" has element type ${found.type}`);
  return { dtype: found.type, dims: found.dims, data: found.data } as RuntimeTensor;
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
