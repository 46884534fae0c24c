/**
 * @file One MAS step by the product's own code: the learner's gradient through the windowed suffixes of both models on
 * really captured states, keys and values, then the tangent step and the retraction. All four directions.
 *
 * Excluded, as a run does it once: loading, capture, sessions, normalisation.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdam } from "../../src/align/adam.js";
import type { Continuation } from "../../src/align/continuation.js";
import type { Grouping } from "../../src/align/grouping.js";
import {
  LEARNING_DEFAULTS,
  type LearningModel,
  type LearningPairs,
} from "../../src/align/learner.js";
import { fitNaturalStates } from "../../src/align/natural-states.js";
import { normaliseStates } from "../../src/align/normalisation.js";
import { inEveryDirection, type Batch, type Point } from "../../src/align/batch.js";
import { gradientAt } from "../../src/align/objective.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { capture, type Capture } from "../../src/capture/capture.js";
import { present } from "../../src/errors.js";
import { suffixContinuation } from "../../src/measure/suffix-runner.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { PreparedAudit } from "../../src/models/prepared-items.js";
import type { Matrix } from "../../src/numeric/matrix.js";
import type { SessionOptions } from "../../src/runtime/session.js";
import { shareMachine } from "../../src/runtime/share-machine.js";
import { stream } from "../../src/stats/stream.js";
import { makePrompts } from "./prompts.js";
import { timed } from "./spread.js";
import { Stopwatch, TimedSessions } from "./timed-sessions.js";

/** Learning rate of the one step that is repeated. */
export const LEARNING_RATE = 0.03;
const ROLE = "site";

/** What a step is made of. */
export interface StepRequest {
  /** Base and tuned. */
  readonly models: readonly LocatedModel[];
  readonly layer: number;
  readonly tokens: number;
  /** Tokens from the patched one to the last. */
  readonly suffix: number;
  /** Pairs per direction. */
  readonly batch: number;
  readonly k: number;
  /** Rows per call of the runtime. */
  readonly rows: number;
  /** Of the whole machine; the models share it. */
  readonly session: SessionOptions;
}

/** One step: what it gave and where its time went, milliseconds; the two models overlap, and each moment counts once. */
export interface StepRun {
  readonly ms: number;
  /** All processors together. */
  readonly cpuMs: number;
  /** Inside the runtime, with keys and values that it reads itself. */
  readonly graphMs: number;
  /** Reading states, making and taking apart tensors. */
  readonly feedMs: number;
  readonly loss: number;
  readonly gradients: readonly Matrix[];
  readonly moved: readonly Matrix[];
}

/** A step that can be repeated from one and the same point. */
export interface StepSubject {
  readonly prepared: PreparedAudit;
  readonly point: Point;
  readonly batch: Batch;
  /** Takes the step; `naturalness` is λ of the objective. */
  run(naturalness: number): Promise<StepRun>;
  release(): Promise<void>;
}

/** Captures the prompts in both models and opens the sessions. */
export async function openStep(request: StepRequest): Promise<StepSubject> {
  const { models, layer, batch: pairs, tokens, suffix } = request;
  const vocab = Math.min(...models.map((model) => model.vocab));
  const prepared = makePrompts({ items: 2 * pairs, tokens, suffix, vocab });
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-bench-"));
  const captures: Capture[] = [];
  const shares = shareMachine(request.session, { count: models.length });
  const shareOf = (model: number): SessionOptions =>
    present(shares.options[model], "session options");
  const [inRuntime, inContinuation] = [new Stopwatch(), new Stopwatch()];
  const sessions = models.map(
    (located, i) =>
      new TimedSessions(located, { layer, window: true }, { ...shareOf(i), inRuntime }),
  );
  for (const [i, located] of models.entries()) {
    captures.push(
      await capture({
        ...{ located, prepared, layers: [layer], caches: true, folder, name: String(i) },
        ...{ rows: request.rows, session: shareOf(i) },
        signal: new AbortController().signal,
      }),
    );
  }
  const drawn = makePairs(prepared, pairs);
  const point: Point = {
    models: models.map((located, i) => {
      const site = { sessions: present(sessions[i], "sessions"), rows: request.rows };
      const captured = present(captures[i], "capture");
      const continuation = suffixContinuation({
        ...{ ...site, capture: captured, prepared, role: ROLE },
        signal: new AbortController().signal,
      });
      const parts = { located, prepared, pairs: drawn, request };
      return learningModel(parts, captured, timeContinuation(continuation, inContinuation));
    }),
    subspaces: models.map(({ dModel }, i) =>
      randomSubspace(request.k, dModel, stream(0, `bench/start/${i}`)),
    ),
  };
  // the peers share a target's pairs between its sources, and so does what is compared
  const chosen = inEveryDirection(point.models, Int32Array.from(drawn.target.keys()));
  const batch: Batch = { split: "train", pairs: drawn, chosen };
  return {
    ...{ prepared, point, batch },
    async run(naturalness) {
      const [before, inside] = [inContinuation.ms, inRuntime.ms];
      const { value, ms, cpuMs } = await timed(() => takeStep(point, batch, naturalness));
      const graphMs = inRuntime.ms - inside;
      const feedMs = inContinuation.ms - before - graphMs;
      return { ...value, ms, cpuMs, graphMs, feedMs };
    },
    async release() {
      for (const each of captures) each.close();
      await Promise.all(sessions.map((each) => each.release()));
      await shares.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Loss, gradient and update from the point, which stays. */
async function takeStep(
  point: Point,
  batch: Batch,
  naturalness: number,
): Promise<Pick<StepRun, "loss" | "gradients" | "moved">> {
  const calls = { maxRows: LEARNING_DEFAULTS.maxRows, where: "bench" };
  const { loss, gradients } = await gradientAt(point, batch, { ...calls, naturalness });
  const moved = point.subspaces.map((p, i) =>
    createAdam(p.rows, p.cols).step(p, present(gradients[i], "gradient"), LEARNING_RATE),
  );
  return { loss, gradients, moved };
}

/** Pair i patches item i with the state of item n + i. */
function makePairs({ items, classes }: PreparedAudit, pairs: number): LearningPairs {
  const index = Int32Array.from({ length: pairs }, (_, pair) => pair);
  const source = index.map((pair) => pairs + ((pair * 7 + 1) % pairs));
  const group = source.map((item) => present(items[item], "item").class % classes.length);
  return { target: index, source, group };
}

function learningModel(
  parts: {
    readonly located: LocatedModel;
    readonly prepared: PreparedAudit;
    readonly pairs: LearningPairs;
    readonly request: StepRequest;
  },
  captured: Capture,
  continuation: Continuation,
): LearningModel {
  const { located, prepared, pairs, request } = parts;
  const train = Int32Array.from(prepared.items.keys());
  const grouping: Grouping = {
    group: Int32Array.from(prepared.items, ({ class: at }) => at),
    nGroups: prepared.classes.length,
    contrast: new Int32Array(prepared.classes.length),
  };
  const { dModel } = located;
  const raw = captured.siteStates(request.layer, ROLE);
  const states = normaliseStates({ raw, dModel, train, grouping });
  const natural = fitNaturalStates(states.normalised, train, grouping);
  const unit = natural.unit(train);
  const labels = pairs.group;
  return {
    states,
    start: randomSubspace(request.k, dModel, stream(0, "bench/unused")),
    target: {
      ...{ natural, continuation },
      labels: { train: labels, validation: labels },
      unit: { train: unit, validation: unit },
    },
  };
}

function timeContinuation(inner: Continuation, stopwatch: Stopwatch): Continuation {
  return {
    ...inner,
    backward: (...rows) => stopwatch.around(() => inner.backward(...rows)),
  };
}
