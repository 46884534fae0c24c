/**
 * @file Peak memory, estimated before anything heavy starts. An upper estimate of the large parts, not a forecast:
 * it is there to refuse what cannot work.
 */
import { HostError } from "../errors.js";
import type { Side } from "./sides.js";
import type { MachineLimits } from "./machine-limits.js";

/** A number of states, activations and weights in memory has four bytes, whatever the file's type. */
const FLOAT_BYTES = 4;
/**
 * Node.js, the runtime's code and the report, in bytes (about 250 MB resident before a model is opened), rounded up.
 */
const BASE_BYTES = 300e6;
/** Activations alive at once in a block, in units of the stream: attention, the wide half of the MLP, their gradients. */
const LIVE_STREAMS = 24;

/** What memory depends on, of one model. */
export interface ModelSize {
  /** Elements of all weights. */
  readonly parameters: number;
  readonly dModel: number;
  readonly vocab: number;
}

/** What a run will hold at once. */
export interface MemoryPlan {
  readonly models: Readonly<Record<Side, ModelSize>>;
  /** Captured states per model: items × position roles × layers, over all audits. */
  readonly states: number;
  /** Rows per run of a model. */
  readonly batch: number;
  /** Tokens of the longest prompt. */
  readonly tokens: number;
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
 * Estimates the peak: weights of both models as float32 (the runtime computes in it, and converts smaller types), all
 * captured states, and the activations of one batch with its logits.
 */
export function estimateMemory({ models, states, batch, tokens }: MemoryPlan): MemoryEstimate {
  const sides = [models.base, models.tuned];
  const sum = (of: (model: ModelSize) => number): number =>
    sides.map(of).reduce((a, b) => a + b, 0);
  const rows = batch * tokens;
  const widest = (of: (model: ModelSize) => number): number => Math.max(...sides.map(of));
  const parts: MemoryPart[] = [
    { name: "weights", bytes: FLOAT_BYTES * sum((model) => model.parameters) },
    { name: "captured states", bytes: FLOAT_BYTES * states * sum((model) => model.dModel) },
    {
      name: "activations",
      bytes: FLOAT_BYTES * rows * widest((model) => LIVE_STREAMS * model.dModel + model.vocab),
    },
    { name: "program", bytes: BASE_BYTES },
  ];
  parts.sort((a, b) => b.bytes - a.bytes);
  return { parts, totalBytes: parts.reduce((total, part) => total + part.bytes, 0) };
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
