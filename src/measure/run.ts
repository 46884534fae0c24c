/**
 * @file All cells of a run, in the order layer → audit → variable → role, so that one pair of sessions per model and
 * layer serves every cell there. Finished cells of an earlier run are taken from the archive.
 */
import { learningDefaults, type Learner } from "../align/learner.js";
import type { Capture } from "../capture/capture.js";
import type { LocatedModel } from "../models/located.js";
import { boundsOf, type PreflightBounds } from "../models/preflight-bounds.js";
import { chooseK } from "../plan/choose-k.js";
import type { MeasuringOptions } from "../plan/options.js";
import {
  changedPairs,
  isolationPairs,
  trainingPairs,
  type AnswerTable,
  type PairPlan,
} from "../plan/pairs.js";
import type { Part } from "../plan/splits.js";
import type { SessionOptions } from "../runtime/session.js";
import { stream, type Stream } from "../stats/stream.js";
import { present } from "../errors.js";
import { i32 } from "../numeric/vector.js";
import { ownAnswerTable } from "./answer-table.js";
import { groupName, indexCausalModel, type CausalIndex } from "./causal-index.js";
import { CELL_DEFAULTS, type CellInput, type CellOptions, type SideInput } from "./cell-input.js";
import { measureCell, type CellResult } from "./cell.js";
import type { Examination } from "./examination.js";
import { chooseMaps } from "./map-choice.js";
import { SIDES, type CellKey, type CellMeasures, type Side } from "./measures.js";
import { toPairSet, type PairSet, type TablePairs } from "./pair-set.js";
import { bySide } from "./site.js";
import { isLastRole, suffixContinuation, SuffixSessions } from "./suffix-runner.js";
import { untrainedStates } from "./untrained.js";

/** Pairs that choose the best state; as many as a few training steps, so that choosing does not cost more than learning. */
export const VALIDATION_PAIRS = 48;
/** Distinct training pairs to draw minibatches from. */
export const TRAINING_PAIRS = 2048;

/** Where finished cells are kept. */
export interface CellArchive {
  /** A finished cell of an earlier run with the same inputs. */
  find(key: CellKey): CellMeasures | undefined;
  /** Keeps a cell; returns it as stored, with the place of its tensors. */
  keep(key: CellKey, result: CellResult): CellMeasures;
}

/** Told as cells come and go. */
export interface RunWatch {
  begin(total: number): void;
  cell(key: CellKey): void;
  /** `reused`: taken from an earlier run. */
  done(how: "computed" | "reused"): void;
}

/** Everything a run of cells needs. */
export interface RunRequest {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly examinations: readonly Examination[];
  readonly layers: readonly number[];
  readonly options: MeasuringOptions;
  /** Of each model; with threads of their own both are asked at the same time. */
  readonly sessions: Readonly<Record<Side, SessionOptions>>;
  readonly archive: CellArchive;
  /** @defaultValue the built-in one */
  readonly learner?: Learner | undefined;
  readonly signal: AbortSignal;
  readonly watch: RunWatch;
}

/** One variable of one audit, ready for any site. */
interface Question {
  readonly examination: Examination;
  readonly variable: string;
  readonly k: number;
  readonly causal: CausalIndex;
  readonly train: Int32Array;
  readonly pairs: TablePairs;
  readonly own: CellInput["own"];
  readonly isolation: PairSet;
}

/** Measures every cell. Errors and abort reasons pass through; what was finished before is in the archive. */
export async function measureCells(request: RunRequest): Promise<CellMeasures[]> {
  const questions = request.examinations.flatMap((examination) =>
    askable(examination).map((variable) => prepareQuestion(request, examination, variable)),
  );
  const perLayer = questions.flatMap((question) =>
    question.examination.prepared.roles.map((role) => ({ question, role })),
  );
  const order = bySessions(perLayer);
  request.watch.begin(perLayer.length * request.layers.length);
  const cells: CellMeasures[] = [];
  for (const layer of request.layers) {
    const sessions = openSessions(request, layer);
    const found = new Map<Site, CellMeasures>();
    try {
      for (const site of order) {
        const { question, role } = site;
        request.signal.throwIfAborted();
        const key = cellKey(question, { layer, role, seed: request.options.seed });
        request.watch.cell(key);
        const known = request.archive.find(key);
        const measures =
          known ??
          request.archive.keep(
            key,
            await measureCell(
              cellInput(request, question, {
                ...{ key, sessions },
                joint: jointVariables(request, questions, question),
              }),
            ),
          );
        found.set(site, measures);
        request.watch.done(known === undefined ? "computed" : "reused");
      }
    } finally {
      await Promise.all(SIDES.map((side) => sessions[side].release()));
    }
    cells.push(...perLayer.map((site) => present(found.get(site), "cell")));
  }
  return cells;
}

/** A question at one position role. */
interface Site {
  readonly question: Question;
  readonly role: string;
}

/** Sites of one kind of session together: another kind closes them, and opening takes as long as a small cell. */
function bySessions(sites: readonly Site[]): Site[] {
  const isLast = ({ question, role }: Site): boolean =>
    isLastRole(question.examination.prepared, role);
  return [...sites.filter(isLast), ...sites.filter((site) => !isLast(site))];
}

/** Variables of an examination that can be measured. */
function askable({ measures }: Examination): string[] {
  return [...measures].flatMap(([variable, { notMeasurable }]) =>
    notMeasurable === undefined ? [variable] : [],
  );
}

function cellKey(
  { examination, variable, k }: Question,
  site: Pick<CellKey, "layer" | "role" | "seed">,
): CellKey {
  return { audit: examination.prepared.audit.id, variable, ...site, k };
}

function openSessions(
  { models, examinations, sessions }: RunRequest,
  layer: number,
): Readonly<Record<Side, SuffixSessions>> {
  return bySide((side) => {
    const window = examinations.every(({ captures }) => captures[side].caches !== undefined);
    return new SuffixSessions(models[side], { layer, window }, sessions[side]);
  });
}

function prepareQuestion(
  request: RunRequest,
  examination: Examination,
  variable: string,
): Question {
  const { prepared, split, captures } = examination;
  const items = prepared.items.map(({ item }) => item);
  const causal = indexCausalModel(prepared.audit, variable, items);
  const train = Int32Array.from(split.train);
  const random = stream(request.options.seed, `pairs/${prepared.audit.id}/${variable}`);
  const groupOf = new Map(causal.groupNames.map((name, group) => [name, group]));
  const answering =
    (answer: Int32Array): AnswerTable =>
    (values) =>
      i32(answer, groupOf.get(groupName(prepared.audit, values)) ?? -1);
  const draw = (answer: Int32Array, name: string): TablePairs =>
    drawPairs(request.options, examination, {
      variable,
      table: answering(answer),
      random: random.fork(name),
    });
  const own = ownAnswerTable(captures.tuned.natural.chosen, train, causal);
  const isolation = isolationPairs({
    ...{ items, members: split.test, variable, table: answering(causal.answer) },
    ...{ stream: random.fork("isolation"), n: request.options.pairs },
  });
  const { dModel: base } = request.models.base;
  const { dModel: tuned } = request.models.tuned;
  return {
    examination,
    variable,
    k: chooseK(request.options.k, {
      classes: prepared.audit.variables[variable]?.length ?? prepared.classes.length,
      dModel: { base, tuned },
    }),
    causal,
    train,
    pairs: draw(causal.answer, "causal"),
    own: own.kind === "own" ? { answer: own.answer, pairs: draw(own.answer, "own") } : undefined,
    isolation: toPairSet(isolation),
  };
}

function drawPairs(
  { pairs: n }: Pick<MeasuringOptions, "pairs">,
  { prepared, split }: Examination,
  { variable, table, random }: { variable: string; table: AnswerTable; random: Stream },
): TablePairs {
  const items = prepared.items.map(({ item }) => item);
  const plan = { items, variable, table };
  const part = (name: Part, count: number): PairPlan => ({
    ...plan,
    members: split[name],
    stream: random.fork(name),
    n: count,
  });
  return {
    train: toPairSet(trainingPairs(part("train", TRAINING_PAIRS))),
    validation: toPairSet(changedPairs(part("validation", VALIDATION_PAIRS))),
    test: toPairSet(changedPairs(part("test", n))),
  };
}

/** All variables that are asked of the same audit, where they are learned together. */
function jointVariables(
  { options }: RunRequest,
  questions: readonly Question[],
  { examination }: Question,
): CellInput["joint"] {
  if (options.joint === undefined) return undefined;
  const variables = questions
    .filter((each) => each.examination === examination)
    .map(({ variable, k, causal, pairs, own }) => ({
      ...{ variable, k, causal, pairs },
      own: own?.pairs,
    }));
  const isAsked = (name: string): boolean => variables.some(({ variable }) => variable === name);
  return { variables, isComplete: examination.prepared.audit.by.every(isAsked) };
}

function cellInput(
  request: RunRequest,
  { examination, causal, train, pairs, own, isolation }: Question,
  {
    key,
    sessions,
    joint,
  }: {
    key: CellKey;
    sessions: Readonly<Record<Side, SuffixSessions>>;
    joint: CellInput["joint"];
  },
): CellInput {
  const { prepared, captures } = examination;
  const side = (name: Side): SideInput => ({
    states: captures[name].siteStates(key.layer, key.role),
    dModel: request.models[name].dModel,
    ...naturalAnswers(captures[name], boundsOf(request.models[name])),
    isReadout: key.role === "last" && key.layer === request.models[name].nLayers,
    continuation: suffixContinuation({
      sessions: sessions[name],
      capture: captures[name],
      prepared,
      role: key.role,
      rows: request.options.batch,
      signal: request.signal,
    }),
  });
  return {
    key,
    sides: { base: side("base"), tuned: side("tuned") },
    causal,
    train,
    pairs,
    own,
    joint,
    isolation,
    untrained: (dModel) =>
      untrainedStates(
        prepared.items.map(({ ids, positions }) => ({
          ids,
          position: present(positions[key.role], key.role),
        })),
        { dModel, seed: key.seed },
      ),
    options: cellOptions(key, request.options),
    ...(request.learner === undefined ? {} : { learner: request.learner }),
    signal: request.signal,
  };
}

function naturalAnswers(
  { natural }: Capture,
  bounds: PreflightBounds,
): Pick<SideInput, "naturalClass" | "naturalLogProb" | "roundingNats"> {
  return {
    naturalClass: natural.chosen,
    naturalLogProb: natural.logProb,
    // by the largest logit, as the self-checks do
    roundingNats: bounds.logits * natural.largestLogit.reduce((most, x) => Math.max(most, x), 0),
  };
}

function cellOptions({ k }: CellKey, options: MeasuringOptions): CellOptions {
  const { steps, controls, seeds } = options;
  return {
    ...CELL_DEFAULTS,
    learning: { ...learningDefaults(k), steps },
    maps: chooseMaps(options),
    further: { controls: controls === "full", repeats: seeds - 1 },
  };
}
