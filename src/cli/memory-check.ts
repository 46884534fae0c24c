/** @file What a run will hold in memory, from the located models and the prepared prompts. */
import type { Side } from "../measure/measures.js";
import { SIDES } from "../measure/measures.js";
import type { LocatedModel } from "../models/located.js";
import { elementCount } from "../onnx/tensor.js";
import type { MachineLimits } from "../plan/machine-limits.js";
import { checkMemory, estimateMemory, type ModelSize } from "../plan/memory.js";
import type { AuditOptions } from "../plan/options.js";
import type { ReadyAudits } from "./prepare-audits.js";

type Models = Readonly<Record<Side, LocatedModel>>;

/** @throws {@link HostError} `MEMORY` when the estimate is above what the machine has. */
export function checkRunMemory({
  models,
  ready,
  layers,
  options,
  machine,
}: {
  models: Models;
  ready: ReadyAudits;
  layers: readonly number[];
  options: Pick<AuditOptions, "batch">;
  machine: MachineLimits;
}): void {
  const prompts = ready.audits.flatMap(({ prepared }) => prepared.items);
  const roles = Math.max(...ready.audits.map(({ prepared }) => prepared.roles.length));
  const estimate = estimateMemory({
    models: { base: sizeOf(models.base), tuned: sizeOf(models.tuned) },
    states: prompts.length * roles * layers.length,
    batch: options.batch,
    tokens: Math.max(...prompts.map(({ ids }) => ids.length)),
  });
  checkMemory(estimate, machine);
}

/** Copies of the weights, rearranged to multiply faster, may take this share of the memory at most. */
const COPIES_SHARE = 0.25;
/** Forward and backward sessions of both models may be alive at once. */
const LIVE_COPIES = 2;

/** Is there memory enough for the runtime's own copies of the weights? They make products about a third faster. */
export function copiesWeights(models: Models, { memoryBytes }: MachineLimits): boolean {
  const floats = SIDES.map((side) => sizeOf(models[side]).parameters).reduce((a, b) => a + b, 0);
  return LIVE_COPIES * 4 * floats <= COPIES_SHARE * memoryBytes;
}

function sizeOf({ model, dModel, vocab }: LocatedModel): ModelSize {
  const parameters = model.graph.initializers
    .map(({ initializer }) => (initializer === undefined ? 0 : elementCount(initializer.dims)))
    .reduce((a, b) => a + b, 0);
  return { parameters, dModel, vocab };
}
