/** @file `mas-audit compare`: how alike the layers of two models are, whatever they do. Correlative; no verdict. */
import { setImmediate } from "node:timers/promises";
import { promptStates, type PlacedPrompt } from "../capture/prompt-states.js";
import { compareLayers } from "../measure/compare-layers.js";
import type { ModelStates, Steps } from "../measure/layer-states.js";
import { compareLayerUnits } from "../measure/compare-units.js";
import { promptBatches } from "../measure/prompt-batches.js";
import { findSubNetworks } from "../measure/sub-networks.js";
import { checkTakesTokens } from "../models/feed-batch.js";
import type { LocatedModel } from "../models/located.js";
import { chooseThreads } from "../plan/threads.js";
import { COMPARE_SCHEMA, type Comparison } from "../report/schema-compare.js";
import type { SubNetworksPart } from "../report/schema-sub-networks.js";
import type { UnitsPart } from "../report/schema-units.js";
import { chooseDevice } from "../runtime/device.js";
import type { SessionOptions } from "../runtime/session.js";
import { COMPARE_MEASURES, LAYER_MEASURES } from "../similarity/layer-measures.js";
import { stream } from "../stats/stream.js";
import { writeFileAtomic } from "../store/atomic.js";
import { layersOf } from "./choose-layers.js";
import type { CompareOptions, Io } from "./commands.js";
import { choosePrompts } from "./compare-prompts.js";
import { subNetworksPart } from "./compare-sub-networks.js";
import { checkUnitPairs, unitPairs, unitsPart } from "./compare-units.js";
import { printComparison } from "./compare-text.js";
import { EXIT } from "./exit.js";
import { loadPair } from "./load-models.js";
import { readMachine } from "./machine.js";
import type { AuditParts } from "./run-audit.js";
import { checkNewFile } from "./new-file.js";
import { withStatusLine, type StatusLine } from "./status-line.js";

/** Compares two models; exit code 0 whatever is found. @throws what loading, reading and running throw. */
export async function compareCommand(
  options: CompareOptions,
  io: Io,
  parts: AuditParts,
): Promise<number> {
  if (options.html !== null) checkNewFile(options.html, { flag: "--html", force: options.force });
  const comparison = await withStatusLine(io, options.quiet, (status) =>
    compare(options, { parts, status, signal: io.signal }),
  );
  if (options.html !== null) {
    const { renderComparison } = await import("../report/html/compare-page.js");
    writeFileAtomic(options.html, renderComparison(comparison));
  }
  io.stdout.write(
    options.json
      ? `${JSON.stringify(comparison, null, 2)}\n`
      : printComparison(comparison, options.html),
  );
  return EXIT.pass;
}

interface Work {
  readonly parts: AuditParts;
  readonly status: StatusLine;
  readonly signal: AbortSignal;
}

async function compare(
  options: CompareOptions,
  { parts, status, signal }: Work,
): Promise<Comparison> {
  const { device } = await chooseDevice(options.device);
  const session = { device, threads: chooseThreads(options.threads, readMachine()) };
  status.stage("loading the models");
  const models = await loadPair(options, parts);
  checkTakesTokens(models.base.feeds);
  checkTakesTokens(models.tuned.feeds);
  const layers = {
    base: [...layersOf(options.layers, models.base.nLayers)],
    tuned: [...layersOf(options.layers, models.tuned.nLayers)],
  };
  const sameDepth = models.base.nLayers === models.tuned.nLayers;
  checkUnitPairs(options, sameDepth);
  status.stage("reading the prompts");
  const { prompts, source, warnings } = await choosePrompts(options, parts, models);
  for (const message of warnings) status.note({ event: "warning", message });
  const run = (
    located: LocatedModel,
    own: readonly number[],
    name: string,
  ): Promise<ModelStates> => {
    status.stage(`running ${prompts.length} prompts in the ${name} model`);
    return statesOf({ located, layers: own, prompts, rows: options.batch, session, signal });
  };
  const base = await run(models.base, layers.base, "base");
  const tuned = await run(models.tuned, layers.tuned, "tuned");
  const random = stream(options.seed, "compare");
  const steps = stepsOf(status, signal);
  const measures = new Set(options.measures ?? COMPARE_MEASURES);
  status.stage("comparing layers");
  const batches = promptBatches(prompts.length, random.fork("batches"));
  const distances = async (): Promise<SubNetworksPart> => {
    status.stage("Gromov–Wasserstein distances between layers");
    const found = await findSubNetworks({ base, tuned, random: random.fork("gromov"), ...steps });
    return subNetworksPart(found, { layers, sameDepth });
  };
  const { tables, matching } = await compareLayers({
    ...{ base, tuned, sameDepth, random, batches, ...steps },
    measures: new Set(LAYER_MEASURES.filter((name) => measures.has(name))),
  });
  const subNetworks = measures.has("gromov") ? await distances() : undefined;
  const units = async (): Promise<UnitsPart> => {
    status.stage("comparing units");
    const proposed = subNetworks?.pairs.proposed ?? [];
    const { of, pairs } = unitPairs({ layers, sameDepth, proposed });
    const own = { base, tuned, random: random.fork("units"), ...steps };
    return unitsPart(of, await compareLayerUnits(pairs, own));
  };
  return {
    schema: COMPARE_SCHEMA,
    models: { base: models.base.path, tuned: options.tunedAdapter ?? models.tuned.path },
    prompts: { source, n: prompts.length, at: options.at },
    seed: options.seed,
    ...(options.measures && { measures: [...options.measures] }),
    layers,
    tables: tables.map((table) => ({ ...table, values: table.values.map((row) => [...row]) })),
    matching: matching.map(({ layer, figures }) => ({ layer, figures: [...figures] })),
    ...(subNetworks && { subNetworks }),
    ...(options.units && { units: await units() }),
    warnings: [...warnings],
  };
}

/** Each step shows, lets the line redraw, and lets Ctrl-C arrive. */
function stepsOf(status: StatusLine, signal: AbortSignal): Steps {
  let total = 0;
  return {
    begin: (steps) => {
      total += steps;
      status.begin(total);
    },
    step: async (name) => {
      status.cell(name);
      status.done("computed");
      await setImmediate();
      signal.throwIfAborted();
    },
  };
}

async function statesOf({
  prompts,
  ...request
}: {
  readonly located: LocatedModel;
  readonly layers: readonly number[];
  readonly prompts: readonly PlacedPrompt[];
  readonly rows: number;
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
}): Promise<ModelStates> {
  return { dModel: request.located.dModel, states: await promptStates(request, prompts) };
}
