/**
 * @file One cell of a real audit, learned by the product's own code with the clock beside it: closed form, batches, steps and
 * validations count; loading, capture, sessions and the looks at held-out trials do not.
 *
 * Items are those of one length with the patched token at one place, the most common ones, because the PyTorch peers
 * know no padding.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AUDITS } from "../../audits/index.js";
import { descend } from "../../src/align/descent.js";
import { learningDefaults, type LearningProblem } from "../../src/align/learner.js";
import { descentOf, masLearner } from "../../src/align/mas.js";
import { capture, type Capture } from "../../src/capture/capture.js";
import { prepareAudits } from "../../src/cli/prepare-audits.js";
import { present, UsageError } from "../../src/errors.js";
import { indexCausalModel } from "../../src/measure/causal-index.js";
import { CELL_DEFAULTS, type CellInput } from "../../src/measure/cell-input.js";
import { learnCell } from "../../src/measure/cell-learning.js";
import { runControls, mapRuns, type TableContext } from "../../src/measure/controls.js";
import { rotations } from "../../src/measure/interventions.js";
import { SIDES, type Side } from "../../src/measure/measures.js";
import { toPairSet } from "../../src/measure/pair-set.js";
import { TRAINING_PAIRS, VALIDATION_PAIRS } from "../../src/measure/run.js";
import { bySide, prepareSite } from "../../src/measure/site.js";
import { startSubspaces } from "../../src/measure/starts.js";
import { suffixContinuation, SuffixSessions } from "../../src/measure/suffix-runner.js";
import { tableRuns } from "../../src/measure/table-run.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { PreparedAudit, PreparedItem } from "../../src/models/prepared-items.js";
import type { Matrix } from "../../src/numeric/matrix.js";
import { chooseK } from "../../src/plan/choose-k.js";
import { DEFAULTS } from "../../src/plan/defaults.js";
import { changedPairs, trainingPairs, type PairPlan } from "../../src/plan/pairs.js";
import { splitItems, type Part } from "../../src/plan/splits.js";
import type { SessionOptions } from "../../src/runtime/session.js";
import { shareMachine } from "../../src/runtime/share-machine.js";
import { countHits } from "../../src/stats/hits.js";
import { stream } from "../../src/stats/stream.js";

/** Which cell. */
export interface LearningRequest {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  /** Id of a built-in audit or path of an audit file; its first variable is learned. */
  readonly audit: string;
  /** Position role. @defaultValue the first that is not `last` */
  readonly role: string | undefined;
  readonly layer: number;
  readonly rows: number;
  /** Of the whole machine; the models share it. */
  readonly session: SessionOptions;
}

/** A moment of learning. */
export interface Moment {
  /** 0 is the closed form. */
  readonly step: number;
  /** Milliseconds of learning so far. */
  readonly ms: number;
  /** Held-out IIA, mean of the four directions, 0 to 1. */
  readonly iia: number;
}

/** A cell that can be learned. */
export interface LearningSubject {
  readonly context: TableContext;
  readonly prepared: PreparedAudit;
  readonly variable: string;
  readonly role: string;
  readonly k: number;
  /** Learns once; the first run also opens the sessions. */
  learn(): Promise<readonly Moment[]>;
  /** The problem that the learner was given. */
  readonly problem: () => LearningProblem;
  release(): Promise<void>;
}

/** Is there a look after this step? All of the first ten, then every fifth. */
const isLook = (step: number): boolean => step <= 10 || step % 5 === 0;

/** Prepares and captures the items and opens nothing yet. */
export async function openLearning(request: LearningRequest): Promise<LearningSubject> {
  const { models, session } = request;
  const ready = await prepareAudits({
    ...{ models, builtIn: AUDITS, texts: [] },
    options: {
      audits: [request.audit],
      variables: [],
      items: DEFAULTS.items,
      ...{ seed: 0, tokenizer: null },
    },
  });
  const audit = present(ready.audits[0], "audit");
  const variable = present(audit.variables[0], "variable");
  const role = chooseRole(audit.prepared, request.role);
  const prepared = alike(audit.prepared, role);
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-bench-"));
  const shares = shareMachine(session, { count: SIDES.length });
  const shareOf = (side: Side): SessionOptions =>
    present(shares.options[SIDES.indexOf(side)], "session options");
  const signal = new AbortController().signal;
  const captures: Partial<Record<Side, Capture>> = {};
  for (const side of SIDES) {
    captures[side] = await capture({
      ...{ located: models[side], prepared, layers: [request.layer], caches: true, folder },
      ...{ name: side, rows: request.rows, session: shareOf(side), signal },
    });
  }
  const captured = bySide((side) => present(captures[side], "capture"));
  const sessions = bySide(
    (side) =>
      new SuffixSessions(models[side], { layer: request.layer, window: true }, shareOf(side)),
  );
  const k = chooseK("auto", {
    classes: prepared.audit.variables[variable]?.length ?? prepared.classes.length,
    dModel: bySide((side) => models[side].dModel),
  });
  let given: LearningProblem | undefined;
  const input = cellInput({
    ...{ prepared, variable, role, k, layer: request.layer, captured },
    continuationOf: (side) =>
      suffixContinuation({
        ...{ sessions: sessions[side], capture: captured[side], prepared, role },
        ...{ rows: request.rows, signal },
      }),
    models,
  });
  const clock = new Clock();
  const moments: Moment[] = [];
  const context: TableContext = {
    site: prepareSite(input),
    run: present(tableRuns(input)[0], "table"),
    input: {
      ...input,
      learner: {
        name: masLearner.name,
        learn(problem) {
          given = problem;
          return descendWatched(problem, { clock, moments, context });
        },
      },
    },
  };
  return {
    ...{ context, prepared, variable, role, k },
    async learn() {
      moments.length = 0;
      clock.ms = 0;
      const fresh = { ...context, site: prepareSite(input) };
      const random = stream(0, "bench/learning");
      const start = await clock.around(() =>
        Promise.resolve(
          startSubspaces(fresh.site, { alive: SIDES, k, random: random.fork("start") }),
        ),
      );
      await learnCell(fresh, { targets: SIDES, start, random: random.fork("learn") });
      return [...moments];
    },
    problem: () => present(given, "a problem: learn first"),
    async release() {
      for (const each of Object.values(captured)) each.close();
      await Promise.all(SIDES.map((side) => sessions[side].release()));
      await shares.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Milliseconds of what it was told to watch. */
class Clock {
  ms = 0;
  async around<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.ms += performance.now() - start;
    }
  }
}

/** The product's descent to its last step, with looks at held-out trials; validations count as often as they happen there. */
async function descendWatched(
  problem: LearningProblem,
  parts: { readonly clock: Clock; readonly moments: Moment[]; readonly context: TableContext },
): ReturnType<typeof descend> {
  const { clock, moments, context } = parts;
  const descent = descentOf(problem);
  const { validateEvery } = descent.options;
  let loss = NaN;
  return descend({
    ...descent,
    options: { ...descent.options, validateEvery: 1, patience: Infinity },
    run: (...args) => clock.around(() => descent.run(...args)),
    slope(...args) {
      const start = performance.now();
      const slope = descent.slope(...args);
      clock.ms += performance.now() - start;
      return slope;
    },
    async validate(subspaces, step) {
      if (!isLook(step)) return loss;
      const isOurs = step % validateEvery === 0;
      if (isOurs) loss = await clock.around(() => descent.validate(subspaces, step));
      moments.push({ step, ms: clock.ms, iia: await heldOut(context, subspaces) });
      return loss;
    },
  });
}

/** IIA on the test pairs, mean of the four directions. */
async function heldOut(context: TableContext, [base, tuned]: readonly Matrix[]): Promise<number> {
  const maps = rotations({ ...(base && { base }), ...(tuned && { tuned }) });
  const { iia } = await runControls(context, mapRuns(context, "iia", { maps }));
  const rates = Object.values(iia).map((row) => countHits(row).hits / row.length);
  return rates.reduce((a, b) => a + b, 0) / rates.length;
}

function chooseRole({ roles }: PreparedAudit, asked: string | undefined): string {
  const role = asked ?? roles.find((each) => each !== "last") ?? "last";
  if (roles.includes(role)) return role;
  throw new UsageError("the audit has no such position role", {
    code: "USAGE",
    expected: `--position ${roles.join(" or ")}`,
    found: role,
  });
}

/** The items of the most common length and place. */
function alike(prepared: PreparedAudit, role: string): PreparedAudit {
  const kinds = new Map<string, PreparedItem[]>();
  for (const item of prepared.items) {
    const kind = [item.ids.length, present(item.positions[role], role)].join();
    kinds.set(kind, [...(kinds.get(kind) ?? []), item]);
  }
  const items = [...kinds.values()].reduce((most, each) =>
    each.length > most.length ? each : most,
  );
  return { ...prepared, items };
}

function cellInput(parts: {
  readonly prepared: PreparedAudit;
  readonly variable: string;
  readonly role: string;
  readonly k: number;
  readonly layer: number;
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly captured: Readonly<Record<Side, Capture>>;
  readonly continuationOf: (side: Side) => CellInput["sides"][Side]["continuation"];
}): CellInput {
  const { prepared, variable, role, k, layer, models, captured, continuationOf } = parts;
  const items = prepared.items.map(({ item }) => item);
  const causal = indexCausalModel(prepared.audit, variable, items);
  const split = splitItems(prepared.items, {
    classes: prepared.classes.length,
    stream: stream(0, "bench/split"),
  });
  const plan = (part: Part, n: number): PairPlan => ({
    ...{ items, variable, n, members: split[part], stream: stream(0, `bench/pairs/${part}`) },
    table: (values) => prepared.classes.indexOf(prepared.audit.outcome(values)),
  });
  return {
    key: { audit: prepared.audit.id, variable, layer, role, k, seed: 0 },
    sides: bySide((side) => ({
      states: captured[side].siteStates(layer, role),
      dModel: models[side].dModel,
      continuation: continuationOf(side),
      naturalClass: captured[side].natural.chosen,
      naturalLogProb: captured[side].natural.logProb,
      roundingNats: 0,
    })),
    causal,
    train: Int32Array.from(split.train),
    pairs: {
      train: toPairSet(trainingPairs(plan("train", TRAINING_PAIRS))),
      validation: toPairSet(changedPairs(plan("validation", VALIDATION_PAIRS))),
      test: toPairSet(changedPairs(plan("test", DEFAULTS.pairs))),
    },
    options: { ...CELL_DEFAULTS, learning: learningDefaults(k) },
  };
}
