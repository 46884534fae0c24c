/**
 * @file One clean pass of a model over every distinct prompt of its audits: residual states at the wanted layers, keys and
 * values, natural answers. Whatever comes later reads these files; no prompt is run whole again.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { invariant, present } from "../errors.js";
import { buildCapture, cacheShapes, residualName } from "../models/capture-graph.js";
import { feedBatch } from "../models/feed-batch.js";
import type { LocatedModel } from "../models/located.js";
import { cacheName } from "../models/window/window.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { checkFinite, float32Data, int64, type RuntimeTensor } from "../runtime/tensor.js";
import { writeError } from "../store/file-error.js";
import { answerTokens } from "./answer-table.js";
import { batchByLength, promptLimit } from "./batches.js";
import { CacheFile } from "./cache-file.js";
import { distinctPrompts, type DistinctPrompts } from "./distinct-prompts.js";
import { viewCaches, viewStates, type ItemCaches, type ItemStates } from "./item-views.js";
import { naturalAnswers, type LogitTable, type NaturalAnswers } from "./natural-answers.js";
import { StateFile } from "./state-file.js";

/** One model's capture of one audit. */
export interface Capture {
  readonly natural: NaturalAnswers;
  /** Residual states by layer. */
  readonly states: ReadonlyMap<number, ItemStates>;
  /** Keys and values, where windowed suffixes are to be run. */
  readonly caches: ItemCaches | undefined;
  /** `[item, dModel]` at one layer and position role. */
  siteStates(layer: number, role: string): Float32Array;
  /** Captures that were taken together share their files, which close with the last of them. */
  close(): void;
}

/** How prompts are captured in one model. */
export interface CaptureSetting {
  readonly located: LocatedModel;
  readonly layers: readonly number[];
  /** Also keys and values. */
  readonly caches: boolean;
  /** Working folder for the state files; made when absent. */
  readonly folder: string;
  /** Distinguishes the files of several captures in one folder. */
  readonly name: string;
  /** Rows per run of the model; tokens per run are bounded in proportion. */
  readonly rows: number;
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
  /** Told of every run of the model, in their order. */
  readonly onRun?: (run: TimedRun) => void;
}

/** One run of the model over whole prompts, its states stored. */
export interface TimedRun {
  /** Tokens of each prompt. */
  readonly lengths: readonly number[];
  readonly seconds: number;
}

/** Everything that the capture of one audit needs. */
export interface CaptureRequest extends CaptureSetting {
  readonly prepared: PreparedAudit;
}

/** Captures one audit. @throws as {@link captureAll} does. */
export async function capture({ prepared, ...setting }: CaptureRequest): Promise<Capture> {
  const [only] = await captureAll(setting, [prepared]);
  return present(only, "capture");
}

/**
 * Captures audits in one model, in their order: one session, every distinct prompt once.
 *
 * @throws {@link NumericsError} when a state or a logit is not finite; {@link HostError} when the runtime or the disk
 * fails.
 */
export async function captureAll(
  setting: CaptureSetting,
  audits: readonly PreparedAudit[],
): Promise<Capture[]> {
  if (audits.length === 0) return [];
  const prompts = distinctPrompts(audits);
  const ids = [...new Set(audits.flatMap((audit) => audit.answerTokens.flat()))];
  const graph = buildCapture(setting.located, setting);
  const shapes = setting.caches ? cacheShapes(graph) : undefined;
  const files = openFiles(setting, { prompts, shapes });
  try {
    const table = await runPrompts({ setting, graph, prompts, ids, files });
    let users = audits.length;
    const close = (): void => {
      if (--users === 0) closeFiles(files);
    };
    return audits.map((prepared, a) =>
      viewAudit(setting, {
        ...{ prepared, table, files, close },
        promptOf: present(prompts.promptOf[a], "audit"),
      }),
    );
  } catch (error) {
    closeFiles(files);
    throw error;
  }
}

/** Where the states of all prompts go. */
interface Files {
  readonly states: ReadonlyMap<number, StateFile>;
  readonly caches: CacheFile | undefined;
}

function openFiles(
  { located, layers, folder, name }: CaptureSetting,
  {
    prompts,
    shapes,
  }: {
    readonly prompts: DistinctPrompts;
    readonly shapes: ReturnType<typeof cacheShapes> | undefined;
  },
): Files {
  makeFolder(folder);
  const lengths = prompts.ids.map((ids) => ids.length);
  const path = (label: string): string => join(folder, `${name}-${label}.f32`);
  return {
    states: new Map(
      layers.map((layer) => [layer, new StateFile(path(String(layer)), lengths, located.dModel)]),
    ),
    caches: shapes && new CacheFile(path("caches"), lengths, shapes),
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
}

function closeFiles({ states, caches }: Files): void {
  for (const file of states.values()) file.close();
  caches?.close();
}

interface PromptRun {
  readonly setting: CaptureSetting;
  readonly graph: ReturnType<typeof buildCapture>;
  readonly prompts: DistinctPrompts;
  /** Answer tokens of all audits. */
  readonly ids: readonly number[];
  readonly files: Files;
}

/** Runs every prompt; states go to the files, logits into the table. */
async function runPrompts(run: PromptRun): Promise<LogitTable> {
  const { setting, prompts, ids } = run;
  const lengths = prompts.ids.map((prompt) => prompt.length);
  const table: LogitTable = {
    ids,
    logits: new Float32Array(lengths.length * ids.length),
    normalisers: new Float32Array(lengths.length),
  };
  const session = await createSession(run.graph, setting.session);
  try {
    for (const batch of batchByLength(lengths, promptLimit(setting.rows))) {
      setting.signal.throwIfAborted();
      const start = performance.now();
      const rows = batch.map((prompt) => present(prompts.ids[prompt], `prompt ${prompt}`));
      const outputs = await session.run({
        ...feedBatch(setting.located.feeds, rows),
        label_position: int64(
          [rows.length],
          rows.map((row) => row.length - 1),
        ),
        answer_ids: int64([ids.length], ids),
      });
      recordLogits(table, batch, outputs);
      storeBatch(run, batch, outputs);
      setting.onRun?.({
        lengths: rows.map((row) => row.length),
        seconds: (performance.now() - start) / 1e3,
      });
    }
  } finally {
    await session.release();
  }
  checkFinite(table.normalisers, `log-normaliser of ${setting.located.path}`);
  return table;
}

type Outputs = Readonly<Record<string, RuntimeTensor>>;

function recordLogits(table: LogitTable, batch: readonly number[], outputs: Outputs): void {
  const logits = float32Data(outputs, "answer_logit");
  const normalisers = float32Data(outputs, "log_normaliser");
  const n = table.ids.length;
  batch.forEach((prompt, row) => {
    table.logits.set(logits.subarray(row * n, (row + 1) * n), prompt * n);
    table.normalisers[prompt] = present(normalisers[row], "log-normaliser");
  });
}

function storeBatch(
  { setting: { located }, prompts, files }: PromptRun,
  batch: readonly number[],
  outputs: Outputs,
): void {
  const lengths = batch.map((prompt) => present(prompts.ids[prompt], `prompt ${prompt}`).length);
  const width = Math.max(...lengths);
  for (const [layer, file] of files.states) {
    const residual = float32Data(outputs, residualName(layer));
    invariant(residual.length === batch.length * width * located.dModel, `size at layer ${layer}`);
    batch.forEach((prompt, row) => {
      const start = row * width * located.dModel;
      const length = present(lengths[row], "length");
      const states = residual.subarray(start, start + length * located.dModel);
      const audit = present(prompts.audit[prompt], "audit");
      checkFinite(states, `the residual after layer ${layer} of ${located.path}, audit "${audit}"`);
      file.write(prompt, states);
    });
  }
  const { caches } = files;
  if (caches === undefined) return;
  const count = caches.shapes.length;
  const keys = caches.shapes.map((_, cut) => float32Data(outputs, cacheName(count - 1 - cut)));
  batch.forEach((prompt, row) => {
    caches.write(prompt, { row, width, caches: keys });
  });
}

/** What was captured, as the items of one audit see it. */
function viewAudit(
  { located }: CaptureSetting,
  {
    prepared,
    promptOf,
    table,
    files,
    close,
  }: {
    readonly prepared: PreparedAudit;
    readonly promptOf: readonly number[];
    readonly table: LogitTable;
    readonly files: Files;
    readonly close: () => void;
  },
): Capture {
  const where = `${located.path}, audit "${prepared.audit.id}"`;
  const answers = answerTokens(prepared.answerTokens);
  const states = new Map(
    [...files.states].map(([layer, file]) => [layer, viewStates(file, promptOf)]),
  );
  return {
    natural: naturalAnswers(table, { promptOf, answers, where }),
    states,
    caches: files.caches && viewCaches(files.caches, promptOf),
    siteStates(layer, role) {
      const file = present(states.get(layer), `states of layer ${layer}`);
      const out = new Float32Array(prepared.items.length * located.dModel);
      prepared.items.forEach(({ positions }, item) => {
        const token = present(positions[role], `role "${role}"`);
        file.readToken(item, { token, into: out, at: item * located.dModel });
      });
      return out;
    },
    close,
  };
}
