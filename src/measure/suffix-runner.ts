/**
 * @file The suffix of one target model at one layer, run over captured prompts: the {@link Continuation} of the
 * learner. One pair of sessions serves every audit, variable and position role of the layer.
 */
import type { Backward, Continuation } from "../align/continuation.js";
import { present } from "../errors.js";
import { i32 } from "../numeric/vector.js";
import { feedBatch } from "../models/feed-batch.js";
import type { LocatedModel } from "../models/located.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import { buildSuffix, type SuffixTokens } from "../models/suffix.js";
import type { Session, SessionOptions } from "../runtime/session.js";
import { SessionPair } from "../runtime/session-pair.js";
import { checkFinite, float32Data, int64, tensor, type RuntimeTensor } from "../runtime/tensor.js";
import { answerFeeds, answerTokens } from "../capture/answer-table.js";
import { batchByLength } from "../capture/batches.js";
import type { Capture } from "../capture/capture.js";
import { groupByPrompt } from "./prompt-groups.js";
import {
  positionOf,
  promptFeeds,
  windowFeeds,
  type FeedSite,
  type Prompt,
  type RunFeeds,
} from "./suffix-feeds.js";

/** Sessions of one model above one layer. Those for one kind of site at a time: another kind releases them. */
export class SuffixSessions {
  readonly layer: number;
  /** Runs only the tokens that change, else whole prompts. */
  readonly window: boolean;
  #tokens: SuffixTokens | undefined;
  #pair: SessionPair | undefined;

  constructor(
    readonly located: LocatedModel,
    { layer, window }: { readonly layer: number; readonly window: boolean },
    readonly options: SessionOptions,
  ) {
    this.layer = layer;
    this.window = window;
  }

  /** The forward graph. @throws {@link HostError} when the runtime cannot load it. */
  async forward(tokens: SuffixTokens): Promise<Session> {
    return (await this.#choose(tokens)).forward();
  }

  /** The graph with its gradient. @throws {@link HostError} when the runtime cannot load it. */
  async backward(tokens: SuffixTokens): Promise<Session> {
    return (await this.#choose(tokens)).backward();
  }

  /** Frees what was loaded. */
  async release(): Promise<void> {
    const pair = this.#pair;
    this.#pair = undefined;
    await pair?.release();
  }

  async #choose(tokens: SuffixTokens): Promise<SessionPair> {
    if (this.#pair !== undefined && this.#tokens === tokens) return this.#pair;
    const old = this.#pair;
    this.#tokens = tokens;
    const { located, layer, options } = this;
    const { device = "cpu" } = options;
    const fused = device === "cpu" && tokens !== "whole"; // whole prompts are what the others are checked by
    const pair = new SessionPair(
      (gradient) => buildSuffix(located, layer, { gradient, tokens, fused }),
      options,
    );
    this.#pair = pair;
    await old?.release();
    return pair;
  }
}

/** What a continuation stands on. */
export interface SuffixSite {
  readonly sessions: SuffixSessions;
  readonly capture: Capture;
  readonly prepared: PreparedAudit;
  /** Position role that is patched. */
  readonly role: string;
  /** Rows per run. */
  readonly rows: number;
  readonly signal: AbortSignal;
}

/** Makes the continuation of one site. */
export function suffixContinuation(site: SuffixSite): Continuation {
  const { located } = site.sessions;
  const nClasses = site.prepared.classes.length;
  const { dModel } = located;
  const tokens = tokensOf(site);
  return {
    dModel,
    nClasses,
    async classLogProb(items, patched) {
      const out = new Float32Array(items.length * nClasses);
      const session = await site.sessions.forward(tokens);
      await eachBatch(site, session, { items, patched }, (batch, outputs) => {
        scatter(float32Data(outputs, "class_log_prob"), batch, { into: out, width: nClasses });
      });
      checkFinite(out, describe(site, "class log-probabilities"));
      return out;
    },
    overwritten: (items) => overwrittenStates(site, items),
    async backward(items, patched, labels): Promise<Backward> {
      const lossNats = new Float32Array(items.length);
      const classLogProb = new Float32Array(items.length * nClasses);
      const gradient = new Float32Array(items.length * dModel);
      const session = await site.sessions.backward(tokens);
      await eachBatch(site, session, { items, patched, labels }, (batch, outputs) => {
        scatter(float32Data(outputs, "loss_nats"), batch, { into: lossNats, width: 1 });
        scatter(float32Data(outputs, "class_log_prob"), batch, {
          into: classLogProb,
          width: nClasses,
        });
        scatter(float32Data(outputs, "gradient"), batch, { into: gradient, width: dModel });
      });
      checkFinite(lossNats, describe(site, "losses"));
      checkFinite(gradient, describe(site, "gradients"));
      return { lossNats, classLogProb, gradient };
    },
  };
}

/** At the last token nothing else changes. */
function tokensOf({ sessions, prepared, role }: SuffixSite): SuffixTokens {
  if (!sessions.window) return "whole";
  return isLastRole(prepared, role) ? "single" : "window";
}

/** Does the role name the last token of every prompt? */
export function isLastRole({ items }: PreparedAudit, role: string): boolean {
  return items.every((item) => positionOf(item, role) === item.ids.length - 1);
}

interface Rows {
  readonly items: Int32Array;
  readonly patched: Float32Array;
  readonly labels?: Int32Array;
}

async function eachBatch(
  site: SuffixSite,
  session: Session,
  rows: Rows,
  take: (batch: readonly number[], outputs: Record<string, RuntimeTensor>) => void,
): Promise<void> {
  const { window } = site.sessions;
  const wanted = new Set(session.inputs.map(({ name }) => name));
  const most = tokensOf(site) === "single" ? SINGLE_TOKEN_ROWS * site.rows : site.rows;
  const groups = groupByPrompt(rows.items, window ? most : 1);
  const variants = groups[0]?.length ?? 1;
  const costs = groups.map(([row = 0]) =>
    costOf(promptOf(site, i32(rows.items, row)), site.role, window),
  );
  for (const chosen of batchByLength(costs, { rows: Math.floor(most / variants) })) {
    site.signal.throwIfAborted();
    const batch = chosen.flatMap((group) => present(groups[group], "group"));
    const { feeds, stored } = batchFeeds(site, rows, { batch, variants, wanted });
    const taken = Object.entries(feeds).filter(([name]) => wanted.has(name));
    take(batch, await session.run(Object.fromEntries(taken), stored));
  }
}

/** A row of one token is little: so many times the rows per run fill the machine better (a tenth less time a step). */
const SINGLE_TOKEN_ROWS = 2;

/** More tokens than any prompt has: orders rows by their windows first, then by their pasts. */
const WINDOW_WEIGHT = 1e6;

/** Rows of like cost are run together, so that little is padded. */
function costOf(prompt: Prompt, role: string, window: boolean): number {
  const { ids } = prompt;
  if (!window) return ids.length;
  const past = positionOf(prompt, role);
  return (ids.length - past) * WINDOW_WEIGHT + past;
}

interface Batch {
  /** Rows to run, `variants` of each prompt in a row. */
  readonly batch: readonly number[];
  readonly variants: number;
  /** Inputs that the session takes. */
  readonly wanted: ReadonlySet<string>;
}

function batchFeeds(
  site: SuffixSite,
  { items, patched, labels }: Rows,
  { batch, variants, wanted }: Batch,
): RunFeeds {
  const { located, window } = site.sessions;
  const { dModel } = located;
  const own = batch.map((row) => i32(items, row));
  const prompts = own.map((item) => promptOf(site, item));
  const states = new Float32Array(batch.length * dModel);
  batch.forEach((row, at) => {
    states.set(patched.subarray(row * dModel, (row + 1) * dModel), at * dModel);
  });
  const n = batch.length;
  const { feeds: atSite, stored } = window
    ? windowFeeds(feedSite(site), { items: own, prompts, variants, wanted })
    : promptFeeds(feedSite(site), own, prompts);
  const feeds = {
    ...feedBatch(
      located.feeds,
      prompts.map(({ ids }) => ids),
      wanted,
    ),
    ...answerFeeds(answerTokens(site.prepared.answerTokens)),
    ...atSite,
    patched: tensor("float32", [n, dModel], states),
    ...(labels === undefined
      ? {}
      : {
          label: int64(
            [n],
            batch.map((row) => i32(labels, row)),
          ),
        }),
  };
  return { feeds, ...(stored && { stored }) };
}

/** What stands at the patched token of each row of the residual that a run is fed: `[row, dModel]`. */
function overwrittenStates(site: SuffixSite, items: Int32Array): Float32Array {
  const { dModel } = site.sessions.located;
  const out = new Float32Array(items.length * dModel);
  const { feeds } = batchFeeds(
    site,
    { items, patched: new Float32Array(out.length) },
    // keys and values stand beside the residual, not in it
    { batch: [...items.keys()], variants: 1, wanted: new Set(["residual"]) },
  );
  const residual = float32Data(feeds, "residual");
  const width = residual.length / out.length; // tokens per row
  const positions = present(feeds["patch_position"], "patch positions").data;
  items.forEach((_, row) => {
    const start = (row * width + Number(positions[row])) * dModel;
    out.set(residual.subarray(start, start + dModel), row * dModel);
  });
  return out;
}

function scatter(
  from: Float32Array,
  batch: readonly number[],
  { into, width }: { into: Float32Array; width: number },
): void {
  batch.forEach((row, at) => {
    into.set(from.subarray(at * width, (at + 1) * width), row * width);
  });
}

function feedSite({ sessions: { located, layer }, capture, role }: SuffixSite): FeedSite {
  const states = present(capture.states.get(layer), `states of layer ${layer}`);
  return { dModel: located.dModel, role, states, caches: capture.caches };
}

function promptOf(site: SuffixSite, item: number): Prompt {
  return present(site.prepared.items[item], `item ${item}`);
}

function describe({ sessions, prepared, role }: SuffixSite, what: string): string {
  return `${what} of ${sessions.located.path} at layer ${sessions.layer}, role "${role}", audit "${prepared.audit.id}"`;
}
