/**
 * @file One target model above one layer, continued from whole contexts: states of every token but the first go in, the
 * divergence from what the model itself says after another text comes out.
 */
import { batchByLength } from "../../capture/batches.js";
import { invariant, present } from "../../errors.js";
import { buildDistributionSuffix } from "../../models/distribution-suffix.js";
import { feedBatch } from "../../models/feed-batch.js";
import type { LocatedModel } from "../../models/located.js";
import { i32 } from "../../numeric/vector.js";
import type { Session, SessionOptions } from "../../runtime/session.js";
import { SessionPair } from "../../runtime/session-pair.js";
import {
  checkFinite,
  float32Data,
  int64,
  tensor,
  type RuntimeTensor,
} from "../../runtime/tensor.js";
import type { PreparedTexts } from "./prepared-texts.js";
import type { TextCapture } from "./text-capture.js";
import type { TokenRows } from "./token-rows.js";

/** Texts to continue from states of our choosing. */
export interface Contexts {
  /** `[context]`, text whose tokens are read (ids, mask, the state of token 0). */
  readonly items: Int32Array;
  /** `[context]`, text after which the model's own answer is wanted. */
  readonly wanted: Int32Array;
  /** `[row, dModel]`, states of token 1 to the last, context after context. */
  readonly patched: Float32Array;
}

/** A frozen target model above one layer. The learner knows no graph; tests give it closed forms. */
export interface ContextContinuation {
  readonly dModel: number;
  /** `lossNats` `[context]`: KL(wanted ‖ said); `top` `[context]`: most probable token. */
  forward(contexts: Contexts): Promise<{ lossNats: Float32Array; top: Int32Array }>;
  /** Also `gradient` `[row, dModel]`: d(sum of losses)/d(patched). */
  backward(contexts: Contexts): Promise<{ lossNats: Float32Array; gradient: Float32Array }>;
}

/** Sessions of one model above one layer; each graph is loaded when first needed. */
export class DistributionSessions extends SessionPair {
  constructor(
    readonly located: LocatedModel,
    readonly layer: number,
    options: SessionOptions,
  ) {
    super((gradient) => buildDistributionSuffix(located, layer, { gradient }), options);
  }
}

/** What a continuation of contexts stands on. */
export interface ContextSite {
  readonly sessions: DistributionSessions;
  readonly capture: TextCapture;
  readonly prepared: PreparedTexts;
  readonly rows: TokenRows;
  /** Contexts per run. */
  readonly batch: number;
  readonly signal: AbortSignal;
}

/** Makes the continuation of one model at one layer. */
export function contextContinuation(site: ContextSite): ContextContinuation {
  const { sessions } = site;
  const { dModel } = sessions.located;
  return {
    dModel,
    async forward(contexts) {
      const lossNats = new Float32Array(contexts.items.length);
      const top = new Int32Array(contexts.items.length);
      await eachBatch(site, await sessions.forward(), contexts, ({ batch }, outputs) => {
        const losses = float32Data(outputs, "loss_nats");
        const tokens = outputs["top_token"];
        invariant(tokens?.dtype === "int64", 'output "top_token"');
        batch.forEach((context, at) => {
          lossNats[context] = present(losses[at], "loss");
          top[context] = Number(tokens.data[at]);
        });
      });
      checkFinite(lossNats, describe(site, "divergences"));
      return { lossNats, top };
    },
    async backward(contexts) {
      const lossNats = new Float32Array(contexts.items.length);
      const gradient = new Float32Array(contexts.patched.length);
      await eachBatch(site, await sessions.backward(), contexts, (of, outputs) => {
        const losses = float32Data(outputs, "loss_nats");
        const slopes = float32Data(outputs, "gradient");
        of.batch.forEach((context, at) => {
          lossNats[context] = present(losses[at], "loss");
          const first = (at * of.width + 1) * dModel;
          const { start, length } = present(of.spans[context], "context");
          gradient.set(slopes.subarray(first, first + length), start);
        });
      });
      checkFinite(lossNats, describe(site, "divergences"));
      checkFinite(gradient, describe(site, "gradients"));
      return { lossNats, gradient };
    },
  };
}

/** Where the states of a context stand in `patched`, in numbers. */
interface ContextSpan {
  readonly start: number;
  readonly length: number;
}

interface BatchOf {
  readonly batch: readonly number[];
  /** Tokens of the longest. */
  readonly width: number;
  readonly spans: readonly ContextSpan[];
}

async function eachBatch(
  site: ContextSite,
  session: Session,
  contexts: Contexts,
  take: (of: BatchOf, outputs: Record<string, RuntimeTensor>) => void,
): Promise<void> {
  const spans = spansOf(site, contexts);
  const wanted = new Set(session.inputs.map(({ name }) => name));
  const lengths = spans.map(({ length }) => length);
  for (const batch of batchByLength(lengths, { rows: site.batch })) {
    site.signal.throwIfAborted();
    const width = Math.max(...batch.map((context) => idsOf(site, contexts, context).length));
    const of = { batch, width, spans };
    const feeds = Object.entries(batchFeeds(site, contexts, of));
    const outputs = await session.run(
      Object.fromEntries(feeds.filter(([name]) => wanted.has(name))),
    );
    take(of, outputs);
  }
}

function spansOf({ rows, sessions }: ContextSite, { items, patched }: Contexts): ContextSpan[] {
  const { dModel } = sessions.located;
  let start = 0;
  const spans = Array.from(items, (item) => {
    const span = { start, length: i32(rows.count, item) * dModel };
    start += span.length;
    return span;
  });
  invariant(start === patched.length, `${patched.length} numbers for contexts of ${start}`);
  return spans;
}

function batchFeeds(
  site: ContextSite,
  contexts: Contexts,
  { batch, width, spans }: BatchOf,
): Record<string, RuntimeTensor> {
  const { sessions, capture } = site;
  const { dModel, vocab, feeds } = sessions.located;
  const states = present(capture.states.get(sessions.layer), `states of layer ${sessions.layer}`);
  const n = batch.length;
  const residual = new Float32Array(n * width * dModel);
  const target = new Float32Array(n * vocab);
  batch.forEach((context, at) => {
    const { start, length } = present(spans[context], "context");
    const first = at * width * dModel;
    states.readToken(i32(contexts.items, context), { token: 0, into: residual, at: first });
    residual.set(contexts.patched.subarray(start, start + length), first + dModel);
    capture.readLogProb(i32(contexts.wanted, context), target, at * vocab);
  });
  const prompts = batch.map((context) => idsOf(site, contexts, context));
  return {
    ...feedBatch(feeds, prompts),
    residual: tensor("float32", [n, width, dModel], residual),
    label_position: int64(
      [n],
      prompts.map((ids) => ids.length - 1),
    ),
    target_log_prob: tensor("float32", [n, vocab], target),
  };
}

function idsOf({ prepared }: ContextSite, { items }: Contexts, context: number): readonly number[] {
  const item = i32(items, context);
  return present(prepared.items[item], `item ${item}`).ids;
}

function describe({ sessions: { located, layer }, prepared }: ContextSite, what: string): string {
  return `${what} of ${located.path} at layer ${layer}, audit "${prepared.audit.id}"`;
}
