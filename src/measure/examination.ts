/**
 * @file What both models do naturally with the items of one audit, and which items are used: those that the base
 * answers rightly, split into train, validation and test. What the tuned model gets wrong stays in and is counted.
 */
import { captureAll, type Capture } from "../capture/capture.js";
import { invariant, present } from "../errors.js";
import type { LocatedModel } from "../models/located.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import { splitItems, type Split } from "../plan/splits.js";
import type { SessionOptions } from "../runtime/session.js";
import { wilson } from "../stats/intervals.js";
import type { Stream } from "../stats/stream.js";
import { SIDES, type AuditMeasures, type Count, type Side } from "./measures.js";

/** Fewer scored pairs than this say nothing. */
export const MIN_PAIRS = 60;

/** One audit with both captures. */
export interface Examination {
  readonly prepared: PreparedAudit;
  readonly captures: Readonly<Record<Side, Capture>>;
  /** Indexes into the prepared items, all answered rightly by the base. */
  readonly split: Split;
  /** By variable under test. */
  readonly measures: ReadonlyMap<string, AuditMeasures>;
}

/** One audit to examine. */
export interface ExaminationSubject {
  readonly prepared: PreparedAudit;
  /** Variables under test. */
  readonly variables: readonly string[];
}

/** What examinations need. */
export interface ExaminationRequest {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly layers: readonly number[];
  /** Whether keys and values are captured, so that suffixes run only the tokens that change. */
  readonly windows: Readonly<Record<Side, boolean>>;
  readonly folder: string;
  readonly rows: number;
  readonly session: SessionOptions;
  readonly random: Stream;
  readonly signal: AbortSignal;
  /** Told before the prompts are run in a model. */
  readonly begin: (side: Side) => void;
}

/**
 * Captures audits in one model after the other, and chooses their items.
 *
 * @throws {@link NumericsError} when a model's outputs are not finite; {@link HostError} when the runtime or the disk
 * fails.
 */
export async function examineAll(
  request: ExaminationRequest,
  subjects: readonly ExaminationSubject[],
): Promise<Examination[]> {
  if (subjects.length === 0) return [];
  const audits = subjects.map(({ prepared }) => prepared);
  // one after the other on all processors: whole models at the same time would take twice the memory
  const base = await captureSide(request, "base", audits);
  const tuned = await captureSide(request, "tuned", audits);
  return subjects.map((subject, i) =>
    examine(subject, {
      random: request.random,
      captures: { base: present(base[i], "capture"), tuned: present(tuned[i], "capture") },
    }),
  );
}

function examine(
  { prepared, variables }: ExaminationSubject,
  { captures, random }: Pick<Examination, "captures"> & Pick<ExaminationRequest, "random">,
): Examination {
  const right = rightAnswers(prepared, captures);
  const chosen = [...prepared.items.keys()].filter((item) => right.base[item]);
  const within = splitItems(
    chosen.map((item) => present(prepared.items[item], `item ${item}`)),
    { classes: prepared.classes.length, stream: random.fork(`${prepared.audit.id}/split`) },
  );
  const toItems = (part: readonly number[]): number[] =>
    part.map((at) => present(chosen[at], `chosen item ${at}`));
  const split: Split = {
    heldOut: within.heldOut,
    train: toItems(within.train),
    validation: toItems(within.validation),
    test: toItems(within.test),
  };
  const measures = new Map(
    variables.map((variable) => [
      variable,
      measureNaturally({ prepared, captures, right, split, variable }),
    ]),
  );
  return { prepared, captures, split, measures };
}

function captureSide(
  { models, layers, windows, folder, rows, session, signal, begin }: ExaminationRequest,
  side: Side,
  audits: readonly PreparedAudit[],
): Promise<Capture[]> {
  begin(side);
  const setting = { layers, folder, rows, session, signal };
  return captureAll(
    { ...setting, located: models[side], caches: windows[side], name: side },
    audits,
  );
}

type Right = Readonly<Record<Side, readonly boolean[]>>;

function rightAnswers({ items }: PreparedAudit, captures: Readonly<Record<Side, Capture>>): Right {
  const of = (side: Side): boolean[] =>
    items.map((item, i) => captures[side].natural.chosen[i] === item.class);
  return { base: of("base"), tuned: of("tuned") };
}

function measureNaturally({
  prepared,
  captures,
  right,
  split,
  variable,
}: {
  prepared: PreparedAudit;
  captures: Readonly<Record<Side, Capture>>;
  right: Right;
  split: Split;
  variable: string;
}): AuditMeasures {
  const { audit, items, classes } = prepared;
  const both = right.base.filter((is, item) => is && right.tuned[item] === true).length;
  const natural = (side: Side): { accuracy: Count; answerMass: number } => ({
    accuracy: count(right[side]),
    answerMass: mean(captures[side].natural.mass),
  });
  const reason = notMeasurable({ prepared, right: count(right.base), split, variable });
  return {
    audit: audit.id,
    title: audit.title,
    question: audit.question,
    variable,
    classes,
    items: {
      generated: items.length + prepared.tooLong + prepared.atStart,
      tooLong: prepared.tooLong,
      baseRight: count(right.base).hits,
      tunedRight: count(right.tuned).hits,
      bothRight: both,
      train: split.train.length,
      validation: split.validation.length,
      test: split.test.length,
      heldOut: split.heldOut,
    },
    natural: { base: natural("base"), tuned: natural("tuned") },
    ...(reason === undefined ? {} : { notMeasurable: reason }),
  };
}

/** Why a variable cannot be measured, from the base's answers alone; `undefined` when it can. */
function notMeasurable({
  prepared,
  right,
  split,
  variable,
}: {
  prepared: PreparedAudit;
  right: Count;
  split: Split;
  variable: string;
}): string | undefined {
  const chance = mostCommonShare(prepared);
  const interval = wilson(right, 0.95);
  const share = `${right.hits} of ${right.n} items`;
  if (interval.kind === "undefined" || interval.low <= chance) {
    return `the base answers ${share} rightly, which is not above chance (${chance.toFixed(2)})`;
  }
  const pairs = changedPairCount(prepared, split.test, variable);
  if (pairs >= MIN_PAIRS) return undefined;
  return `the base answers ${share} rightly, which leaves ${pairs} test pairs; at least ${MIN_PAIRS} are needed`;
}

/** Best accuracy of a constant answer: the share of the most common class. */
function mostCommonShare({ items, classes }: PreparedAudit): number {
  const counts = classes.map((_, c) => items.filter((item) => item.class === c).length);
  return Math.max(...counts) / items.length;
}

/** Ordered pairs of these items whose counterfactual answer differs from the target's own. */
function changedPairCount(
  { audit, items }: PreparedAudit,
  members: readonly number[],
  variable: string,
): number {
  const values = members.map((item) => present(items[item], `item ${item}`).item.values);
  const tally = new Map<string, { values: (typeof values)[number]; n: number }>();
  for (const each of values) {
    const key = JSON.stringify(Object.entries(each).sort());
    const known = tally.get(key);
    if (known === undefined) tally.set(key, { values: each, n: 1 });
    else known.n++;
  }
  const kinds = [...tally.values()];
  return kinds.reduce((total, target) => {
    const own = audit.outcome(target.values);
    const sources = kinds.filter(({ values: source }) => {
      const taken = present(source[variable], `value of ${variable}`);
      return audit.outcome({ ...target.values, [variable]: taken }) !== own;
    });
    return total + target.n * sources.reduce((sum, { n }) => sum + n, 0);
  }, 0);
}

function count(hits: readonly boolean[]): Count {
  return { hits: hits.filter(Boolean).length, n: hits.length };
}

function mean(values: Float64Array): number {
  invariant(values.length > 0, "mean of nothing");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Closes the state files of an examination. */
export function closeExamination({ captures }: Examination): void {
  for (const side of SIDES) captures[side].close();
}
