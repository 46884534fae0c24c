/**
 * @file Peak memory, estimated before anything heavy starts: what is resident at most, mapped pages of a file counted once.
 *
 * The constants are read off recorded runs (SmolLM2-135M and the demo models, ONNX Runtime 1.30, CPU;
 * `test/plan/memory.test.ts` holds the figures and checks the estimate against them).
 */
import { HostError } from "../errors.js";
import type { Side } from "./sides.js";
import type { MachineLimits } from "./machine-limits.js";

/** A number of states, activations and copied weights has four bytes, whatever the file's type. */
const FLOAT_BYTES = 4;
/** Node.js, the runtime's code and the program's own data, in bytes: 260 to 300 MB recorded with models of a few megabytes. */
const BASE_BYTES = 265e6;
/** A tokenizer, per token of its vocabulary. */
const TOKENIZER_BYTES = 1400;
/** A thread with sessions of its own: its heap, its copy of the program, its runtime's arena. 150 MB recorded for two. */
const THREAD_BYTES = 75e6;
/** Graphs and their sessions, per block above the site. */
const GRAPH_BYTES = 1.2e6;
/**
 * Activations that a gradient keeps, per token and block, in units of the width of all that the block's products make
 * (its weights over dModel): operands of products, norms, gates, scores. 2.1 to 2.5 recorded for gradients alone.
 */
const KEPT_PER_PRODUCT = 2.5;
/** Copies of a weight where sessions keep their own: forward session once, gradient session for both of its products. */
const COPIES = 3;
/** States of all items at one site, in use at once: the site's own, centred ones, and those put in. */
const STATE_COPIES = 4;

/** What memory depends on, of one model. */
export interface ModelSize {
  /** Elements of the matrices between the embedding and the head, unpacked. */
  readonly blockParameters: number;
  /** Bytes of those matrices as the runtime would copy them: float32, or packed. */
  readonly copiedBytes: number;
  /** Bytes of the head as the runtime would copy it: prompts are run through the whole model. */
  readonly copiedHeadBytes: number;
  readonly nLayers: number;
  readonly dModel: number;
  readonly vocab: number;
}

/** What a run will hold at once. */
export interface MemoryPlan {
  readonly models: Readonly<Record<Side, ModelSize>>;
  /** Bytes of all weights as they are in their files; what both models share counts once. */
  readonly weightBytes: number;
  /** Does the runtime make copies of the weights, in float32? Then the files' own pages are not needed. */
  readonly copiesWeights: boolean;
  /** Models that compute in threads of their own. */
  readonly ownThreads: number;
  /** Lowest layer that is examined: everything above it is run with its gradient. */
  readonly lowestLayer: number;
  readonly layers: number;
  /** Items of the largest audit. */
  readonly items: number;
  /** Rows per run of a model. */
  readonly batch: number;
  /** Rows per run of a gradient. */
  readonly gradientRows: number;
  /** Tokens of the longest prompt. */
  readonly tokens: number;
  /** Tokens from the earliest patched position to the end, at most: those that a suffix runs. */
  readonly window: number;
}

/** One part of the estimate. */
interface MemoryPart {
  readonly name: "weights" | "captured states" | "activations" | "program";
  readonly bytes: number;
}

/** Estimated peak memory by part, largest first. */
export interface MemoryEstimate {
  readonly parts: readonly MemoryPart[];
  readonly totalBytes: number;
}

/**
 * Estimates the peak: the weights, as they are mapped or as the runtime's copies; the states of one site; and the larger
 * of what a capture holds and what the gradients of both models keep.
 */
export function estimateMemory(plan: MemoryPlan): MemoryEstimate {
  const sides = [plan.models.base, plan.models.tuned];
  const sum = (of: (model: ModelSize) => number): number =>
    sides.map(of).reduce((a, b) => a + b, 0);
  const widest = (of: (model: ModelSize) => number): number => Math.max(...sides.map(of));
  const blocksAbove = ({ nLayers }: ModelSize): number => nLayers - plan.lowestLayer;
  const copiesAbove = (model: ModelSize): number =>
    (COPIES * blocksAbove(model) * model.copiedBytes) / model.nLayers;
  // what a capture held of one whole model is not all given back when its suffix opens (135M, layer 20: 1.89 GB recorded,
  // 1.8 by this); the cells hold the suffixes of both
  const copied = Math.max(
    widest((model) => model.copiedBytes + model.copiedHeadBytes + copiesAbove(model)),
    sum(copiesAbove),
  );
  // both models' sessions stay open; a capture runs one model at a time
  const kept = sum((model) => blocksAbove(model) * productWidth(model));
  const gradients = plan.gradientRows * plan.window * kept;
  const capture = widest(
    (model) =>
      plan.batch * plan.tokens * (productWidth(model) + plan.layers * model.dModel) +
      2 * plan.batch * model.vocab,
  );
  const states = STATE_COPIES * plan.items * sum((model) => model.dModel);
  const program =
    BASE_BYTES +
    THREAD_BYTES * plan.ownThreads +
    TOKENIZER_BYTES * widest(({ vocab }) => vocab) +
    GRAPH_BYTES * sum(blocksAbove);
  const parts: MemoryPart[] = [
    { name: "weights", bytes: plan.copiesWeights ? copied : plan.weightBytes },
    { name: "captured states", bytes: FLOAT_BYTES * states },
    { name: "activations", bytes: FLOAT_BYTES * Math.max(gradients, capture) },
    { name: "program", bytes: program },
  ];
  parts.sort((a, b) => b.bytes - a.bytes);
  return { parts, totalBytes: parts.reduce((total, part) => total + part.bytes, 0) };
}

/** Numbers of one block, per token: alive at once in a forward pass, and kept for its gradient. */
function productWidth({ blockParameters, nLayers, dModel }: ModelSize): number {
  return (KEPT_PER_PRODUCT * blockParameters) / nLayers / dModel;
}

/** What to reduce, by the largest part. */
const ADVICE: Readonly<Record<MemoryPart["name"], string>> = {
  weights: "both models must fit: use a larger machine",
  "captured states": "examine fewer --layers or --items",
  activations: "use a smaller --batch",
  program: "use a larger machine",
};

/** @throws {@link HostError} when the estimate is above what the machine has. */
export function checkMemory(estimate: MemoryEstimate, machine: MachineLimits): void {
  const [largest] = estimate.parts;
  if (estimate.totalBytes <= machine.memoryBytes || largest === undefined) return;
  throw new HostError("not enough memory", {
    code: "MEMORY",
    expected: `at most ${formatBytes(machine.memoryBytes)} (${machine.memoryFrom})`,
    found: `an estimate of ${formatBytes(estimate.totalBytes)}: ${partsText(estimate)}`,
    hint: ADVICE[largest.name],
  });
}

function partsText({ parts }: MemoryEstimate): string {
  return parts.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(", ");
}

/** Bytes in decimal units to two significant digits or the unit: `1.3 GB`, `540 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[unit] ?? ""}`;
}
