/** @file All cells of whole contexts: one per layer. Finished cells of an earlier run are taken from the archive. */
import type { LocatedModel } from "../../models/located.js";
import type { MeasuringOptions } from "../../plan/options.js";
import type { SessionOptions } from "../../runtime/session.js";
import { stream } from "../../stats/stream.js";
import { present } from "../../errors.js";
import { SIDES, type CellKey, type CellMeasures, type Side } from "../measures.js";
import type { CellArchive, RunWatch } from "../run.js";
import { bySide } from "../site.js";
import {
  CONTEXT_LEARNING,
  measureFullBehaviour,
  type ContextPairs,
  type ContextSide,
} from "./cell.js";
import { contextContinuation, DistributionSessions } from "./context-runner.js";
import { readRows } from "./context-model.js";
import { topTokens, type TextExamination } from "./examination.js";
import { FULL_ROLE, FULL_VARIABLE } from "./names.js";
import { drawTextPairs } from "./text-pairs.js";
import { layOutRows, type TokenRows } from "./token-rows.js";

/** Pairs that choose the best state. */
export const VALIDATION_PAIRS = 48;
/** Distinct training pairs to draw minibatches from. */
const TRAINING_PAIRS = 2048;

/** Everything a run of whole contexts needs. */
export interface ContextRunRequest {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly examination: TextExamination;
  readonly layers: readonly number[];
  readonly options: Pick<MeasuringOptions, "k" | "pairs" | "steps" | "seed" | "batch">;
  readonly sessions: Readonly<Record<Side, SessionOptions>>;
  readonly archive: CellArchive;
  readonly signal: AbortSignal;
  readonly watch: Pick<RunWatch, "cell" | "done">;
}

/** Measures every layer; none where the texts cannot be measured. Errors and abort reasons pass through. */
export async function measureContexts(request: ContextRunRequest): Promise<CellMeasures[]> {
  const { examination, options, archive, watch, signal } = request;
  if (examination.measures.notMeasurable !== undefined) return [];
  const pairs = drawPairs(request);
  const rows = layOutRows(examination.captures.base.lengths);
  const cells: CellMeasures[] = [];
  for (const layer of request.layers) {
    signal.throwIfAborted();
    const key: CellKey = {
      ...{ audit: examination.prepared.audit.id, variable: FULL_VARIABLE, layer, role: FULL_ROLE },
      ...{ k: contextK(request), seed: options.seed },
    };
    watch.cell(key);
    const known = archive.find(key);
    cells.push(known ?? (await measureLayer(request, key, { pairs, rows })));
    watch.done(known === undefined ? "computed" : "reused");
  }
  return cells;
}

/** Dimensions: as asked, else half the narrower model, as in the paper. */
function contextK({ options, models }: Pick<ContextRunRequest, "options" | "models">): number {
  const width = Math.min(models.base.dModel, models.tuned.dModel);
  return options.k === "auto" ? Math.max(1, Math.floor(width / 2)) : options.k;
}

async function measureLayer(
  request: ContextRunRequest,
  key: CellKey,
  { pairs, rows }: { readonly pairs: ContextPairs; readonly rows: TokenRows },
): Promise<CellMeasures> {
  const { models, examination, options, archive, signal } = request;
  const { prepared, captures, split } = examination;
  const sessions = bySide(
    (side) => new DistributionSessions(models[side], key.layer, request.sessions[side]),
  );
  const side = (name: Side): ContextSide => {
    const capture = captures[name];
    const file = present(capture.states.get(key.layer), `states of layer ${key.layer}`);
    return {
      states: readRows(file, rows),
      dModel: models[name].dModel,
      top: capture.top,
      divergence: (wanted, item) => capture.divergence(wanted, item),
      continuation: contextContinuation({
        ...{ sessions: sessions[name], capture, prepared, rows, batch: options.batch, signal },
      }),
    };
  };
  try {
    return archive.keep(
      key,
      await measureFullBehaviour({
        ...{ key, rows, pairs, signal, items: prepared.items },
        sides: { base: side("base"), tuned: side("tuned") },
        train: Int32Array.from(split.train),
        learning: { ...CONTEXT_LEARNING, steps: options.steps },
      }),
    );
  } finally {
    await Promise.all(SIDES.map((name) => sessions[name].release()));
  }
}

function drawPairs({ examination, options }: ContextRunRequest): ContextPairs {
  const { prepared, captures, split } = examination;
  const { items } = prepared;
  const random = stream(options.seed, `pairs/${prepared.audit.id}`);
  const changedBy = topTokens(captures);
  return {
    train: drawTextPairs({
      ...{ items, members: split.train, n: TRAINING_PAIRS },
      stream: random.fork("train"),
    }),
    validation: drawTextPairs({
      ...{ items, members: split.validation, n: VALIDATION_PAIRS },
      stream: random.fork("validation"),
    }),
    test: drawTextPairs({
      ...{ items, members: split.test, changedBy, n: options.pairs },
      stream: random.fork("test"),
    }),
  };
}
