/**
 * @file Which operators of a model's derived graphs a device has no kernel for, by its documented list. Nothing is run,
 * and the device need not be there.
 */
import type { Adapter } from "../models/adapter.js";
import { buildCapture } from "../models/capture-graph.js";
import { loadModel } from "../models/load.js";
import { buildSuffix } from "../models/suffix.js";
import type { Model } from "../onnx/graph.js";
import type { Device } from "../plan/defaults.js";
import { findKernelGaps, type KernelGaps } from "../runtime/kernels/check.js";
import { CUDA_KERNELS } from "../runtime/kernels/cuda.js";
import type { KernelTable } from "../runtime/kernels/kernel.js";
import { WEBGPU_KERNELS } from "../runtime/kernels/webgpu.js";

/** Devices with a list of kernels; the CPU runs everything that the program emits. */
const TABLES: readonly { readonly device: "cuda" | "webgpu"; readonly table: KernelTable }[] = [
  { device: "cuda", table: CUDA_KERNELS },
  { device: "webgpu", table: WEBGPU_KERNELS },
];

/** One graph on one device. */
export interface GraphGaps extends KernelGaps {
  readonly device: "cuda" | "webgpu";
  readonly graph: "capture" | "suffix with gradient";
  readonly nodes: number;
}

/** A model's graphs on every device that was asked for. */
export interface ModelGaps {
  readonly path: string;
  readonly graphs: readonly GraphGaps[];
}

/**
 * Builds the two graphs that hold every operator of an audit, capture of all layers and gradient from the lowest one, and
 * compares them with the lists. `device`: `"auto"` and `"cpu"` mean all devices.
 *
 * @throws what {@link loadModel} and {@link buildSuffix} throw.
 */
export async function modelGaps(
  path: string,
  { device, adapters }: { readonly device: Device; readonly adapters: readonly Adapter[] },
): Promise<ModelGaps> {
  const located = await loadModel(path, { adapters });
  const layers = Array.from({ length: located.nLayers + 1 }, (_, layer) => layer);
  const graphs: readonly (readonly [GraphGaps["graph"], Model])[] = [
    ["capture", buildCapture(located, { layers })],
    ["suffix with gradient", buildSuffix(located, 0, { gradient: true })],
  ];
  const asked = device.split(":")[0];
  const named = TABLES.filter((row) => row.device === asked);
  const tables = named.length === 0 ? TABLES : named;
  return {
    path: located.path,
    graphs: tables.flatMap(({ device: on, table }) =>
      graphs.map(([graph, model]) => ({
        device: on,
        graph,
        nodes: model.graph.nodes.length,
        ...findKernelGaps(model, table),
      })),
    ),
  };
}
