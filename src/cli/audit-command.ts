/**
 * @file The audit, from paths to exit code: read, prepare, check, examine, measure, judge, write.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { present } from "../errors.js";
import { closeExamination, examineAll, type Examination } from "../measure/examination.js";
import { SIDES, type CellMeasures, type Side } from "../measure/measures.js";
import {
  closeTextExamination,
  examineTexts,
  type TextExamination,
} from "../measure/full/examination.js";
import { measureContexts } from "../measure/full/run.js";
import { measureCells } from "../measure/run.js";
import { bySide } from "../measure/site.js";
import { checkTakesTokens } from "../models/feed-batch.js";
import type { Adapter } from "../models/adapter.js";
import type { LocatedModel } from "../models/located.js";
import type { CausalAudit } from "../plan/audit.js";
import type { TextAudit } from "../plan/text-audit.js";
import { measuringOptions, type AuditOptions } from "../plan/options.js";
import { chooseThreads } from "../plan/threads.js";
import { checkOutputFolder } from "../report/output-folder.js";
import { serialiseResult } from "../report/result-text.js";
import { RESULT_SCHEMA, type PreflightEntry, type Result, type Warning } from "../report/schema.js";
import { renderTerminal } from "../report/terminal.js";
import { writeOutput, type ExtraFile } from "../report/write.js";
import { chooseDevice, describeChoice } from "../runtime/device.js";
import type { SessionOptions } from "../runtime/session.js";
import { shareMachine } from "../runtime/share-machine.js";
import { stream } from "../stats/stream.js";
import { openStore, partialFolder, type CellStore } from "../store/cell-store.js";
import type { Policy } from "../verdict/policy.js";
import { judge } from "../verdict/run.js";
import { openArchive } from "./cell-archive.js";
import { checkModels, checkWindows } from "./check-models.js";
import type { Io } from "./commands.js";
import { EXIT } from "./exit.js";
import { digestInputs } from "./inputs.js";
import { checkK } from "../plan/choose-k.js";
import { chooseLayers } from "./choose-layers.js";
import { choosePolicy, type ChosenPolicy } from "./choose-policy.js";
import { chooseWindows } from "./choose-windows.js";
import { readMachine } from "./machine.js";
import { loadPair } from "./load-models.js";
import { describeRun, notTested } from "./manifest.js";
import { checkRunMemory, copiesWeights } from "./memory-check.js";
import { Phases } from "./phases.js";
import { timeText } from "./plan-text.js";
import { prepareAudits, type ReadyAudits } from "./prepare-audits.js";
import { openStatusLine, type StatusLine } from "./status-line.js";
import { estimateRunTime } from "./time-estimate.js";

/** What the composition root brings. */
export interface AuditParts {
  readonly adapters: readonly Adapter[];
  readonly audits: readonly CausalAudit[];
  /** Audits of texts: run only where asked for. */
  readonly texts: readonly TextAudit[];
}

/** Runs an audit; resolves to the exit code. Errors of every stage pass through. */
export async function auditCommand(
  options: AuditOptions,
  io: Io,
  parts: AuditParts,
): Promise<number> {
  checkOutputFolder(options.out, options.force);
  const chosen = await choosePolicy(options.policy);
  const status = openStatusLine({
    sink: io.stderr,
    quiet: options.quiet,
    nowMs: () => performance.now(),
  });
  const store = openStore(partialFolder(options.out));
  try {
    const result = await runAudit({ options, io, parts, status, store, chosen });
    status.end();
    const { folder } = writeOutput({
      folder: options.out,
      force: options.force,
      result,
      extras: learnedFiles(result.cells, store),
    });
    store.discard();
    if (options.json) io.stdout.write(serialiseResult(result));
    else if (!options.quiet) {
      io.stdout.write(renderTerminal(result, { colour: io.stdout.colour, folder }));
    }
    return result.verdict === "fail" && !options.exitZero ? EXIT.fail : EXIT.pass;
  } finally {
    status.end();
    store.close();
  }
}

interface Run {
  readonly options: AuditOptions;
  readonly io: Io;
  readonly parts: AuditParts;
  readonly status: StatusLine;
  readonly store: CellStore;
  readonly chosen: ChosenPolicy;
}

type Models = Readonly<Record<Side, LocatedModel>>;

async function runAudit(run: Run): Promise<Result> {
  const { options, io, parts, status, chosen } = run;
  const phases = new Phases(status);
  const machine = readMachine();
  const device = await chooseDevice(options.device);
  if (!options.quiet) io.stderr.write(`device: ${describeChoice(device)}\n`);
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
  checkRunMemory({ models, ready, layers, options, machine });
  const warnings: Warning[] = [...ready.warnings];
  const threads = chooseThreads(options.threads, machine);
  const session: SessionOptions = {
    device: device.device,
    threads,
    prepack: copiesWeights(models, machine),
    strict: options.strictDevice,
  };
  phases.start("digesting the inputs");
  const inputs = await digestInputs({ models, ready, signal: io.signal });
  phases.start("checking the models against themselves");
  const preflight = await checkModels({ models, ready, layers, session, signal: io.signal });
  const windows =
    ready.audits.length === 0
      ? { base: false, tuned: false }
      : chooseWindows({ models, layers, options }, warnings);
  if (!options.quiet) {
    phases.start("measuring the speed of this machine");
    const loadSeconds = phases.elapsedSeconds();
    const time = { models, ready, layers, options, windows, session, loadSeconds };
    const estimate = await estimateRunTime({ ...time, signal: io.signal });
    io.stderr.write(`time: ${timeText(estimate)}, less what is done already\n`);
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
      signal: io.signal,
    });
    phases.start("measuring");
    const archive = openArchive({
      store: run.store,
      inputs,
      options,
      device: describeChoice({ ...device, passedOver: [] }),
      onDistrusted: (file, reason) => {
        warnings.push({ code: "CELL_DISTRUSTED", message: `${file} ${reason}; measured again` });
      },
    });
    const watch = watchOn(status, measurable(examined).length * layers.length);
    const measuring = {
      ...{ models, layers, options: measuringOptions(options), sessions, archive, watch },
      signal: io.signal,
    };
    const cells = await measureCells({ ...measuring, examinations });
    for (const examination of measurable(examined)) {
      cells.push(...(await measureContexts({ ...measuring, examination })));
    }
    const described = {
      ...{ options, inputs, policyFile: chosen.file, layers, threads, device, phases },
      argv: io.argv,
    };
    return await assemble({
      ...{ examinations, examined, cells, warnings, models, described, policy: chosen.policy },
      preflight: [...preflight, ...windowed],
    });
  } finally {
    await shares.close();
    examinations.forEach(closeExamination);
    examined.forEach(closeTextExamination);
    rmSync(capturesFolder(run.store), { recursive: true, force: true });
  }
}

function runAudits(
  { options, io, status, store }: Run,
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
      signal: io.signal,
      begin: (side) => {
        status.stage(`running the prompts in the ${side} model`);
      },
    },
    ready.audits,
  );
}

async function examineAllTexts(
  { options, io, status, store }: Run,
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
        ...{ random: stream(options.seed, "items"), signal: io.signal },
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
      status.cell(`${name}, layer ${layer}, ${role}`);
    },
    done: (how) => {
      status.done(how);
    },
  };
}

async function assemble({
  examinations,
  examined,
  cells,
  preflight,
  warnings,
  models,
  policy,
  described,
}: {
  examinations: readonly Examination[];
  examined: readonly TextExamination[];
  cells: readonly CellMeasures[];
  preflight: readonly PreflightEntry[];
  warnings: readonly Warning[];
  models: Models;
  policy: Policy;
  described: Parameters<typeof describeRun>[0];
}): Promise<Result> {
  const audits = [
    ...examinations.flatMap(({ measures }) => [...measures.values()]),
    ...examined.map(({ measures }) => measures),
  ];
  const { layers } = described;
  return {
    schema: RESULT_SCHEMA,
    ...judge({ audits, cells }, policy),
    audits,
    cells,
    preflight,
    notTested: notTested({
      ...{ layers, audits, options: described.options },
      nLayers: models.base.nLayers,
    }),
    warnings,
    manifest: await describeRun(described),
  };
}

/** The learned subspaces, under the paths that the measures name. */
function learnedFiles(cells: readonly CellMeasures[], { folder }: CellStore): ExtraFile[] {
  return cells.flatMap(({ learning }) =>
    learning?.tensors === undefined
      ? []
      : [{ name: learning.tensors, path: join(folder, learning.tensors) }],
  );
}
