/** @file One audit from its options to its result: read, prepare, check, examine, measure, judge. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { present } from "../errors.js";
import { closeExamination, examineAll, type Examination } from "../measure/examination.js";
import {
  closeTextExamination,
  examineTexts,
  type TextExamination,
} from "../measure/full/examination.js";
import { measureContexts } from "../measure/full/run.js";
import { SIDES, type Side } from "../measure/measures.js";
import { measureCells } from "../measure/run.js";
import { bySide } from "../measure/site.js";
import type { Adapter } from "../models/adapter.js";
import { checkTakesTokens } from "../models/feed-batch.js";
import type { LocatedModel } from "../models/located.js";
import type { CausalAudit } from "../plan/audit.js";
import { checkK } from "../plan/choose-k.js";
import { measuringOptions, type AuditOptions } from "../plan/options.js";
import type { TextAudit } from "../plan/text-audit.js";
import { chooseThreads } from "../plan/threads.js";
import type { TimeEstimate } from "../plan/time.js";
import type { Result, Warning } from "../report/schema.js";
import { chooseDevice, describeChoice } from "../runtime/device.js";
import { runtimeVersion, type SessionOptions } from "../runtime/session.js";
import { shareMachine } from "../runtime/share-machine.js";
import { stream } from "../stats/stream.js";
import type { CellStore } from "../store/cell-store.js";
import { VERSION } from "../version.js";
import { assemble } from "./assemble-result.js";
import { openArchive } from "./cell-archive.js";
import { checkModels, checkWindows } from "./check-models.js";
import { chooseLayers } from "./choose-layers.js";
import { chooseLearner, type ChosenLearner } from "./choose-learner.js";
import type { ChosenPolicy } from "./choose-policy.js";
import { chooseWindows } from "./choose-windows.js";
import { checkDisk, workingBytes } from "./disk-check.js";
import { digestInputs, type Inputs } from "./inputs.js";
import { loadPair } from "./load-models.js";
import { checkBlocks, checkMapOptions, warnMapOptions } from "./map-options.js";
import { machineOf } from "./machine.js";
import { checkRunMemory, copiesWeights } from "./memory-check.js";
import type { LayerTime } from "./pace.js";
import { Phases } from "./phases.js";
import { prepareAudits, type ReadyAudits } from "./prepare-audits.js";
import { continueOrBegin } from "./run-plan.js";
import type { StatusLine } from "./status-line.js";
import { estimateRunTime } from "./time-estimate.js";

/** What the composition root brings. */
export interface AuditParts {
  readonly adapters: readonly Adapter[];
  readonly audits: readonly CausalAudit[];
  /** Audits of texts: run only where asked for. */
  readonly texts: readonly TextAudit[];
}

/** One run: what is asked, whom it tells, and where its cells are kept. */
export interface Run {
  readonly options: AuditOptions;
  readonly parts: AuditParts;
  /** The arguments as typed, for the manifest. */
  readonly argv: readonly string[];
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly status: StatusLine;
  readonly store: CellStore;
  readonly chosen: ChosenPolicy;
  /** Told what was read, before anything runs; may throw. */
  readonly onInputs?: (inputs: Inputs) => void;
}

type Models = Readonly<Record<Side, LocatedModel>>;

/**
 * Runs an audit up to its result, which is not written yet. What an earlier run of the same plan left in the store is
 * taken up.
 *
 * @throws what every stage throws; {@link PlanError} `PLAN_CHANGED` where the store is kept for another plan.
 */
export async function runAudit(run: Run): Promise<Result> {
  const { options, signal, parts, status, store, chosen } = run;
  const phases = new Phases(status);
  const machine = machineOf(options);
  const learner = await chooseLearner(options, parts.texts);
  checkMapOptions(options, parts.texts);
  const device = await chooseDevice(options.device);
  status.note({ event: "device", device: describeChoice(device) });
  if (learner.description !== undefined) {
    status.note({ event: "learner", learner: learner.description });
  }
  phases.start("loading the models");
  const models: Models = await loadPair(options, parts);
  checkTakesTokens(models.base.feeds);
  checkTakesTokens(models.tuned.feeds);
  const layers = chooseLayers(options.layers, models);
  checkK(options.k, { base: models.base.dModel, tuned: models.tuned.dModel });
  phases.start("reading the audits");
  const ready = await prepareAudits({
    ...{ options, models },
    builtIn: parts.audits,
    texts: parts.texts,
  });
  const width = { base: models.base.dModel, tuned: models.tuned.dModel };
  checkBlocks(options, { audits: ready.audits, width });
  checkRunMemory({ models, ready, layers, options, machine });
  const warnings: Warning[] = [...warnMapOptions(options), ...ready.warnings];
  const threads = chooseThreads(options.threads, machine);
  const prepack = copiesWeights(models, machine);
  const session: SessionOptions = {
    ...{ device: device.device, threads, prepack, strict: options.strictDevice },
  };
  phases.start("digesting the inputs");
  const inputs = await digestInputs({ models, ready, signal });
  run.onInputs?.(inputs);
  const used = describeChoice({ ...device, passedOver: [] });
  const begun = continueOrBegin(store, {
    ...{ options, inputs, device: used, threads, prepack, argv: run.argv },
    versions: await programVersions(learner),
    startedAt: phases.startedAt,
  });
  if (begun !== undefined) {
    status.note({ event: "continues", ...begun, cells: cellCount(ready, layers) });
  }
  phases.start("checking the models against themselves");
  const preflight = await checkModels({ models, ready, layers, session, signal });
  const windows =
    ready.audits.length === 0
      ? { base: false, tuned: false }
      : chooseWindows({ models, layers, options }, warnings);
  rmSync(capturesFolder(store), { recursive: true, force: true }); // of a run that was killed
  checkDisk(store.folder, workingBytes({ models, ready, layers, windows }));
  if (!options.quiet) {
    phases.start("measuring the speed of this machine");
    const loadSeconds = phases.elapsedSeconds();
    const time = { models, ready, layers, options, windows, session, loadSeconds, signal };
    const estimate = await estimateRunTime({ ...time, folder: capturesFolder(store) });
    status.note({
      ...{ event: "estimate", seconds: estimate.seconds },
      layers: expectedLayers(layers, estimate),
    });
  }
  phases.start("running the prompts");
  const shares = shareMachine(session, { count: SIDES.length });
  const sessions = bySide((side) => present(shares.options[SIDES.indexOf(side)], side));
  let examinations: readonly Examination[] = [];
  let examined: readonly TextExamination[] = [];
  try {
    examinations = await runAudits(run, { models, ready, layers, windows, session });
    examined = await examineAllTexts(run, { models, ready, layers, session });
    status.stage("checking the windows");
    const windowed = await checkWindows({
      ...{ models, examinations, windows, layers, rows: options.batch, session },
      signal,
    });
    phases.start("measuring");
    const archive = openArchive({
      ...{ store, inputs, options, device: used, machine: { threads, prepack, ...windows } },
      learner: learner.tensorflow,
      // not in the result, which is that of a run from nothing
      onDistrusted: (file, reason) => {
        status.note({ event: "warning", message: `${file} ${reason}; measured again` });
      },
    });
    const watch = watchOn(status, measurable(examined).length * layers.length);
    const measuring = {
      ...{ models, layers, options: measuringOptions(options), sessions, archive, watch },
      signal,
    };
    const cells = await measureCells({ ...measuring, examinations, learner: learner.learner });
    for (const examination of measurable(examined)) {
      cells.push(...(await measureContexts({ ...measuring, examination })));
    }
    const described = {
      ...{ options, inputs, policyFile: chosen.file, layers, threads, prepack, device, phases },
      ...{ learner, argv: run.argv },
    };
    return await assemble({
      ...{ examinations, examined, cells, warnings, models, described, policy: chosen.policy },
      preflight: [...preflight, ...windowed],
    });
  } finally {
    await shares.close();
    examinations.forEach(closeExamination);
    examined.forEach(closeTextExamination);
    rmSync(capturesFolder(store), { recursive: true, force: true });
  }
}

function runAudits(
  { options, signal, status, store }: Run,
  {
    models,
    ready,
    layers,
    windows,
    session,
  }: {
    models: Models;
    ready: ReadyAudits;
    layers: readonly number[];
    windows: Readonly<Record<Side, boolean>>;
    session: SessionOptions;
  },
): Promise<Examination[]> {
  return examineAll(
    {
      ...{ models, layers, windows, session },
      folder: capturesFolder(store),
      rows: options.batch,
      random: stream(options.seed, "items"),
      signal,
      begin: (side) => {
        status.stage(`running the prompts in the ${side} model`);
      },
    },
    ready.audits,
  );
}

async function examineAllTexts(
  { options, signal, status, store }: Run,
  given: {
    readonly models: Models;
    readonly ready: ReadyAudits;
    readonly layers: readonly number[];
    readonly session: SessionOptions;
  },
): Promise<TextExamination[]> {
  const { ready, ...shared } = given;
  const examined: TextExamination[] = [];
  for (const { prepared } of ready.texts) {
    status.stage(`running the prompts of ${prepared.audit.id}`);
    examined.push(
      await examineTexts({
        ...{ ...shared, prepared, folder: capturesFolder(store), rows: options.batch },
        ...{ random: stream(options.seed, "items"), signal },
      }),
    );
  }
  return examined;
}

function measurable(examined: readonly TextExamination[]): readonly TextExamination[] {
  return examined.filter(({ measures }) => measures.notMeasurable === undefined);
}

function capturesFolder({ folder }: CellStore): string {
  return join(folder, "captures");
}

/** `more`: cells beside those that `begin` announces. */
function watchOn(status: StatusLine, more: number): Parameters<typeof measureCells>[0]["watch"] {
  return {
    begin: (total) => {
      status.begin(total + more);
    },
    cell: ({ audit, variable, layer, role }) => {
      const name = audit === variable ? audit : `${audit} ${variable}`;
      status.cell(`${name}, layer ${layer}, ${role}`, { audit, variable, layer, role });
    },
    done: (how) => {
      status.done(how);
    },
  };
}

async function programVersions({
  tensorflow,
}: ChosenLearner): Promise<Readonly<Record<string, string>>> {
  const onnxruntime = await runtimeVersion();
  const versions = { "mas-audit": VERSION, onnxruntime, node: process.versions.node };
  return tensorflow === undefined ? versions : { ...versions, "TensorFlow.js": tensorflow };
}

/** Cells at most: which variables can be measured is known when the prompts have been run. */
function cellCount({ audits, texts }: ReadyAudits, layers: readonly number[]): number {
  const sites = audits.map(({ variables, prepared }) => variables.length * prepared.roles.length);
  return layers.length * (texts.length + sites.reduce((a, b) => a + b, 0));
}

/** What each layer is expected to take, which the estimate names among its parts. */
function expectedLayers(layers: readonly number[], { parts }: TimeEstimate): LayerTime[] {
  return layers.map((layer) => ({
    layer,
    seconds: parts.find(({ name }) => name === `layer ${layer}`)?.seconds.expected ?? 0,
  }));
}
