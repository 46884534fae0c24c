/**
 * @file `mas-audit plan`: what an audit would run, and the time, memory and disk that it would need. A few prompts are run, for a
 * few seconds, to see how fast this machine is.
 */
import { FULL_ROLE, FULL_VARIABLE } from "../measure/full/names.js";
import type { AuditOptions } from "../plan/options.js";
import { chooseThreads } from "../plan/threads.js";
import type { Warning } from "../report/schema.js";
import { chooseDevice } from "../runtime/device.js";
import type { AuditParts } from "./run-audit.js";
import { checkK } from "../plan/choose-k.js";
import { chooseLayers } from "./choose-layers.js";
import { chooseLearner } from "./choose-learner.js";
import { choosePolicy } from "./choose-policy.js";
import { chooseWindows } from "./choose-windows.js";
import type { Io } from "./commands.js";
import { workingBytes } from "./disk-check.js";
import { EXIT } from "./exit.js";
import { loadPair } from "./load-models.js";
import { checkBlocks, checkMapOptions, warnMapOptions } from "./map-options.js";
import { machineOf } from "./machine.js";
import { copiesWeights, estimateRunMemory } from "./memory-check.js";
import { printPlan, type RunPlan } from "./plan-text.js";
import { prepareAudits } from "./prepare-audits.js";
import { estimateRunTime } from "./time-estimate.js";

/** Its own work beside the runs of the models is not in the estimate. */
const SLOWER = "the time is that of the built-in learner: with --learner tfjs it takes longer";
/** Products with matrices of half the width, for every row of every step. */
const BENT =
  "the time is that of linear maps: coupling layers take longer, the more so the wider the models";

/** Prints the plan of an audit; exits 0 also where the memory is not there, which the plan says. */
export async function planCommand(
  options: AuditOptions,
  io: Io,
  parts: AuditParts,
): Promise<number> {
  const plan = await planRun(options, parts, io.signal);
  io.stdout.write(options.json ? `${JSON.stringify(plan, null, 2)}\n` : printPlan(plan));
  return EXIT.pass;
}

async function planRun(
  options: AuditOptions,
  parts: AuditParts,
  signal: AbortSignal,
): Promise<RunPlan> {
  const startMs = performance.now();
  const { policy } = await choosePolicy(options.policy, options.failOn);
  const machine = machineOf(options);
  const learner = await chooseLearner(options, parts.texts);
  checkMapOptions(options, parts.texts);
  const { device } = await chooseDevice(options.device);
  const models = await loadPair(options, parts);
  const layers = chooseLayers(options.layers, models);
  checkK(options.k, { base: models.base.dModel, tuned: models.tuned.dModel });
  const ready = await prepareAudits({ options, builtIn: parts.audits, texts: parts.texts, models });
  const width = { base: models.base.dModel, tuned: models.tuned.dModel };
  checkBlocks(options, { audits: ready.audits, width });
  const warnings: Warning[] = [...warnMapOptions(options), ...ready.warnings];
  const windows = chooseWindows({ models, layers, options }, warnings);
  const named = ready.audits.map(({ prepared, variables }) => ({
    id: prepared.audit.id,
    variables: [...variables],
    roles: [...prepared.roles],
    items: prepared.items.length,
    tokens: Math.max(...prepared.items.map(({ ids }) => ids.length)),
    cells: variables.length * prepared.roles.length * layers.length,
  }));
  const texts = ready.texts.map(({ prepared }) => ({
    ...{ id: prepared.audit.id, variables: [FULL_VARIABLE], roles: [FULL_ROLE] },
    items: prepared.items.length,
    tokens: Math.max(...prepared.items.map(({ ids }) => ids.length)),
    cells: layers.length,
  }));
  const audits = [...named, ...texts];
  const { parts: memory, totalBytes } = estimateRunMemory({
    models,
    ready,
    layers,
    options,
    machine,
  });
  const loadSeconds = (performance.now() - startMs) / 1e3;
  const time = await estimateRunTime({
    ...{ models, ready, layers, options, windows, loadSeconds, signal },
    session: {
      ...{ device, threads: chooseThreads(options.threads, machine) },
      prepack: copiesWeights(models, machine),
      strict: options.strictDevice,
    },
  });
  return {
    models: { base: models.base.path, tuned: models.tuned.path },
    policy,
    layers: [...layers],
    audits,
    cells: audits.reduce((sum, { cells }) => sum + cells, 0),
    time,
    memory: { parts: memory, totalBytes, machineBytes: machine.memoryBytes },
    workingFilesBytes: workingBytes({ models, ready, layers, windows }),
    warnings: [
      ...(learner.description === undefined ? [] : [SLOWER]),
      ...(options.map === "coupling" ? [BENT] : []),
      ...warnings.map(({ message }) => message),
    ],
  };
}
