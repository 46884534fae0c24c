/** @file What a run will hold in memory, from the located models and the prepared prompts. */
import { largestBatch } from "../align/descent.js";
import { LEARNING_DEFAULTS } from "../align/learner.js";
import { SIDES, type Side } from "../measure/measures.js";
import type { LocatedModel } from "../models/located.js";
import type { Node, Value } from "../onnx/graph.js";
import { NBITS_INPUTS } from "../onnx/nbits.js";
import { byteLength, elementCount } from "../onnx/tensor.js";
import type { MachineLimits } from "../plan/machine-limits.js";
import {
  checkMemory,
  estimateMemory,
  type MemoryEstimate,
  type ModelSize,
} from "../plan/memory.js";
import type { AuditOptions } from "../plan/options.js";
import { chooseThreads } from "../plan/threads.js";
import type { ReadyAudits } from "./prepare-audits.js";

type Models = Readonly<Record<Side, LocatedModel>>;

/** What the memory of a run depends on. */
export interface RunSize {
  readonly models: Models;
  readonly ready: ReadyAudits;
  readonly layers: readonly number[];
  readonly options: Pick<AuditOptions, "batch" | "referencePath" | "threads">;
  readonly machine: MachineLimits;
}

/** @throws {@link HostError} `MEMORY` when the estimate is above what the machine has. */
export function checkRunMemory(run: RunSize): void {
  checkMemory(estimateRunMemory(run), run.machine);
}

/** Peak memory of a run. */
export function estimateRunMemory({
  models,
  ready,
  layers,
  options,
  machine,
}: RunSize): MemoryEstimate {
  const audits = [...ready.audits, ...ready.texts].map(({ prepared }) => prepared.items);
  const prompts = audits.flat();
  const tokens = Math.max(...prompts.map(({ ids }) => ids.length));
  const windows = ready.audits
    .flatMap(({ prepared }) => prepared.items)
    .flatMap(({ ids, positions }) =>
      Object.values(positions).map((position) => ids.length - position),
    );
  return estimateMemory({
    models: { base: sizeOf(models.base), tuned: sizeOf(models.tuned) },
    weightBytes: weightBytes(models),
    copiesWeights: copiesWeights(models, machine),
    // a GPU needs no such threads, and less of this machine's memory than foreseen
    ownThreads: chooseThreads(options.threads, machine) < SIDES.length ? 0 : SIDES.length,
    lowestLayer: Math.min(...layers),
    layers: layers.length,
    items: Math.max(...audits.map((items) => items.length)),
    batch: options.batch,
    gradientRows: Math.min(options.batch, SIDES.length * largestBatch(LEARNING_DEFAULTS)),
    tokens,
    // texts are patched at every token, so that all of them run
    window: options.referencePath || ready.texts.length > 0 ? tokens : Math.max(...windows),
  });
}

/** Copies of the weights, rearranged to multiply faster, may take this share of the memory at most. */
const COPIES_SHARE = 0.25;
/** Copies of a weight per model: one of the forward session, two of the gradient's. */
const LIVE_COPIES = 3;

/**
 * Should the runtime keep copies of the weights of its own, rearranged? Where the memory is there: products by packed
 * weights became about four times as fast (one forward suffix, 600 ms to 140 ms). Never of half-precision weights, of which
 * it would keep three float32 copies, six times the file. That is a choice of memory over time: widening a weight at each
 * use made one forward suffix slower by a sixth and one gradient by half and more; one whole audit took as long as with
 * copies. All on a busy machine, each once.
 */
export function copiesWeights(models: Models, { memoryBytes }: MachineLimits): boolean {
  const matrices = SIDES.flatMap((side) => blockMatrices(models[side]));
  const isHalf = ({ initializer }: Value): boolean =>
    initializer?.dtype.endsWith("float16") === true;
  if (matrices.some(isHalf)) return false;
  const bytes = matrices.map(copiedBytes);
  return LIVE_COPIES * bytes.reduce((a, b) => a + b, 0) <= COPIES_SHARE * memoryBytes;
}

/** Bytes of distinct regions of files, and of inline tensors: both models may point into one file. */
function weightBytes(models: Models): number {
  const regions = new Map<unknown, number>();
  for (const { initializer } of SIDES.flatMap((side) => models[side].model.graph.initializers)) {
    if (initializer === undefined) continue;
    const { data, dtype, dims } = initializer;
    const region = data.kind === "inline" ? data.bytes : `${data.offset} ${data.file}`;
    regions.set(region, byteLength(dtype, dims));
  }
  return [...regions.values()].reduce((a, b) => a + b, 0);
}

/** Matrices that are no table of the vocabulary; packed ones have three dimensions. */
function blockMatrices({ model, vocab }: LocatedModel): readonly Value[] {
  return model.graph.initializers.filter(({ initializer }) => {
    const dims = initializer?.dims ?? [];
    return dims.length >= 2 && !dims.includes(vocab);
  });
}

/** What the memory and the time of a run depend on, of one model. */
export function sizeOf(located: LocatedModel): ModelSize {
  const { nLayers, dModel, vocab } = located;
  const matrices = blockMatrices(located);
  const total = (of: (value: Value) => number): number =>
    matrices.map(of).reduce((a, b) => a + b, 0);
  return {
    blockParameters: total(unpackedElements),
    copiedBytes: total(copiedBytes),
    copiedHeadBytes: byteLength("float32", [vocab, dModel]),
    nLayers,
    dModel,
    vocab,
  };
}

/** The product by a packed weight tells its sizes. */
function packedProduct({ uses }: Value): Node | undefined {
  const use = uses.find(
    ({ node, index }) => node.opType === "MatMulNBits" && index === NBITS_INPUTS.packed,
  );
  return use?.node;
}

function unpackedElements(value: Value): number {
  const product = packedProduct(value);
  if (product !== undefined) return product.int("N") * product.int("K");
  return elementCount(value.initializer?.dims ?? [0]);
}

function copiedBytes(value: Value): number {
  const dims = value.initializer?.dims ?? [0];
  return byteLength(packedProduct(value) === undefined ? "float32" : "uint8", dims);
}
