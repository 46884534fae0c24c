/** @file How long a run will take, from the located models, the prepared prompts and a moment's measurement. */
import { LEARNING_DEFAULTS, learningDefaults, type LearningOptions } from "../align/learner.js";
import { indexCausalModel } from "../measure/causal-index.js";
import { cellRows, type CellSize, type Rows } from "../measure/cell-rows.js";
import { CONTEXT_LEARNING } from "../measure/full/cell.js";
import { contextRows } from "../measure/full/cell-rows.js";
import { batchesRun, chooseMaps } from "../measure/map-choice.js";
import { SIDES, type Side } from "../measure/measures.js";
import { VALIDATION_PAIRS } from "../measure/run.js";
import { bySide } from "../measure/site.js";
import { curveSizes } from "../measure/size-curve.js";
import type { LocatedModel } from "../models/located.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import { chooseK } from "../plan/choose-k.js";
import type { AuditOptions } from "../plan/options.js";
import { isolationPairs } from "../plan/pairs.js";
import {
  estimateTime,
  liveShare,
  type CellWork,
  type Range,
  type RunWork,
  type TimeEstimate,
} from "../plan/time.js";
import type { SessionOptions } from "../runtime/session.js";
import { shareMachine } from "../runtime/share-machine.js";
import { stream } from "../stats/stream.js";
import { answersOf, measureSpeed, tokensOf } from "./machine-speed.js";
import { sizeOf } from "./memory-check.js";
import type { ReadyAudit, ReadyAudits, ReadyTexts } from "./prepare-audits.js";

/** What the time of a run depends on. */
export interface TimeRequest {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly ready: ReadyAudits;
  readonly layers: readonly number[];
  readonly options: AuditOptions;
  /** Whether suffixes run only the tokens that change. */
  readonly windows: Readonly<Record<Side, boolean>>;
  readonly session: SessionOptions;
  /** Seconds that loading took. */
  readonly loadSeconds: number;
  readonly signal: AbortSignal;
  /** Where working files go; a folder for temporary files where absent. */
  readonly folder?: string;
}

/** Runs a little of everything and estimates the rest. Errors of the models pass through. */
export async function estimateRunTime(request: TimeRequest): Promise<TimeEstimate> {
  const { models, ready, layers, options, windows, session, signal } = request;
  const work = workOf(request);
  const prepared = ready.audits[0]?.prepared ?? asAudit(ready.texts[0]);
  const shares = shareMachine(session, { count: SIDES.length });
  const [base = session, tuned = session] = shares.options;
  const speed = await measureSpeed({
    ...{ prepared, layers, session, signal, batch: options.batch, window: windows.base },
    ...(request.folder === undefined ? {} : { folder: request.folder }),
    models: [
      { located: models.base, session: base },
      // in one thread the models take turns, and one tells how fast
      ...(tuned.host === undefined ? [] : [{ located: models.tuned, session: tuned }]),
    ],
    dry: {
      items: prepared.items.length,
      dModel: bySide((side) => models[side].dModel),
      k: Math.max(
        1,
        ...ready.audits.flatMap((audit) =>
          audit.variables.map((variable) => kOf(request, audit, variable)),
        ),
      ),
      trials: options.pairs,
      validation: VALIDATION_PAIRS,
    },
  }).finally(() => shares.close());
  return estimateTime(work, speed);
}

/** Everything that is to be done. */
function workOf(request: TimeRequest): RunWork {
  const { models, ready, layers, loadSeconds } = request;
  const items = [...ready.audits, ...ready.texts].map(({ prepared }) => prepared.items);
  return {
    ...{ loadSeconds, layers },
    models: bySide((side) => sizeOf(models[side])),
    prompts: items.flatMap((each) => each.map(({ ids }) => ids.length)),
    cells: layers.flatMap((layer) => [
      ...ready.audits.flatMap((audit) => auditCells(request, audit, layer)),
      ...ready.texts.map((texts) => textCell(request, texts, layer)),
    ]),
  };
}

function auditCells(request: TimeRequest, audit: ReadyAudit, layer: number): CellWork[] {
  const { prepared, variables } = audit;
  const { models, windows } = request;
  const depth = layer / models.base.nLayers;
  const { roles } = prepared;
  return variables.flatMap((variable) => {
    const { idle, live } = cellSizes(request, audit, variable);
    return roles.map((role) => ({
      ...{ layer, answers: answersOf(prepared), ...tokensOf(prepared, role, windows.base) },
      share: liveShare({ role, roles, depth }),
      idle: bySide((side) => cellRows(idle, side)),
      live: eachEnd((end) => bySide((side) => cellRows(live[end], side))),
    }));
  });
}

/** The tuned model's own table is not foreseen: it stands only where behaviour was lost. */
function cellSizes(
  request: TimeRequest,
  audit: ReadyAudit,
  variable: string,
): { readonly idle: CellSize; readonly live: Readonly<Record<keyof Range, CellSize>> } {
  const { models, options } = request;
  const { base, tuned } = models;
  const width = Math.min(base.dModel, tuned.dModel);
  const k = kOf(request, audit, variable);
  const idle: CellSize = {
    ...{ alive: [], trials: options.pairs, validation: VALIDATION_PAIRS, steps: 0 },
    fallsShort: false,
    isolation: isolationCount(audit.prepared, variable, options),
    sizes: curveSizes(k, width).length,
    sameWidth: base.dModel === tuned.dModel,
    learning: batchesRun(chooseMaps(options), learningDefaults(k), audit.variables.length),
    further: { controls: options.controls === "full", repeats: options.seeds - 1 },
  };
  const live = eachEnd((end): CellSize => ({
    ...idle,
    alive: SIDES,
    steps: stepsOf(options.steps, end),
    fallsShort: end === "high",
  }));
  return { idle, live };
}

/** A learning stops after `patience` validations without progress; how many bring progress is not known before. */
function stepsOf(most: number, end: keyof Range): number {
  const { patience, validateEvery }: LearningOptions = LEARNING_DEFAULTS;
  const least = Math.min(most, patience * validateEvery);
  return { low: least, expected: (least + most) / 2, high: most }[end];
}

function isolationCount(
  { audit, classes, items }: PreparedAudit,
  variable: string,
  { pairs, seed }: AuditOptions,
): number {
  const values = items.map(({ item }) => item);
  const groups = indexCausalModel(audit, variable, values);
  if (groups.groupNames.length === groups.nValues) return 0; // nothing but the variable decides
  return isolationPairs({
    ...{ items: values, variable, n: pairs, stream: stream(seed, "time") },
    members: [...values.keys()],
    table: (assignment) => classes.indexOf(audit.outcome(assignment)),
  }).length;
}

function kOf({ models, options }: TimeRequest, { prepared }: ReadyAudit, variable: string): number {
  return chooseK(options.k, {
    classes: prepared.audit.variables[variable]?.length ?? prepared.classes.length,
    dModel: bySide((side) => models[side].dModel),
  });
}

/** Whole contexts: always learned, every token runs, and the head is computed whole. */
function textCell({ models, options }: TimeRequest, texts: ReadyTexts, layer: number): CellWork {
  const { items } = texts.prepared;
  const tokens = items.reduce((sum, { ids }) => sum + ids.length, 0) / items.length;
  const sameWidth = models.base.dModel === models.tuned.dModel;
  const rows = (steps: number): Readonly<Record<Side, Rows>> =>
    bySide((side) =>
      contextRows({ trials: options.pairs, steps, sameWidth, learning: CONTEXT_LEARNING }, side),
    );
  return {
    ...{ layer, tokens, promptTokens: tokens, answers: models.base.vocab, share: 1 },
    idle: rows(0),
    live: eachEnd((end) => rows(stepsOf(options.steps, end))),
    rowWeight: tokens, // beside the models every token is a row
  };
}

/** Texts as an audit that asks for nothing: enough to measure a speed with. */
function asAudit(texts: ReadyTexts | undefined): PreparedAudit {
  const items = texts?.prepared.items ?? [];
  return {
    audit: {
      ...{ id: "texts", title: "texts", question: "", why: "", references: [] },
      ...{ variables: {}, by: [], sites: ["last"], answers: {} },
      outcome: () => "",
      items: () => [],
    },
    ...{ classes: ["0", "1"], answerTokens: [[0], [1]], roles: ["last"], tooLong: 0, atStart: 0 },
    items: items.map(({ text, ids, group }, index) => ({
      ...{ index, text, ids, group, positions: { last: ids.length - 1 }, class: 0 },
      item: { ids, values: {} },
    })),
    warnings: [],
  };
}

function eachEnd<T>(of: (end: keyof Range) => T): Record<keyof Range, T> {
  return { low: of("low"), expected: of("expected"), high: of("high") };
}
