/**
 * @file The self-check of windowed suffixes: a prompt whose own state is put back into its place, run on the tokens that
 * change and on captured keys and values, answers as the whole prompt does.
 */
import type { Capture } from "../capture/capture.js";
import type { LocatedModel } from "../models/located.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import type { SessionOptions } from "../runtime/session.js";
import { suffixContinuation, SuffixSessions } from "./suffix-runner.js";

/** At least so many prompts of each audit are run, spread over all of them; all where it has fewer. */
const PROMPTS = 16;

/** What the check runs on. */
export interface WindowCheck {
  readonly located: LocatedModel;
  readonly layer: number;
  readonly audits: readonly { readonly prepared: PreparedAudit; readonly capture: Capture }[];
  readonly rows: number;
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
}

/** Largest total variation distance, 0 to 1, between the answers of windows and of whole prompts, over all roles. */
export async function windowError(check: WindowCheck): Promise<number> {
  const { located, layer, audits, rows, session, signal } = check;
  const sessions = new SuffixSessions(located, { layer, window: true }, session);
  let worst = 0;
  try {
    for (const { prepared, capture } of audits) {
      const stride = Math.max(1, Math.floor(prepared.items.length / PROMPTS));
      const items = Int32Array.from(prepared.items.keys()).filter((item) => item % stride === 0);
      for (const role of prepared.roles) {
        const site = { sessions, capture, prepared, role, rows, signal };
        const states = rowsOf(capture.siteStates(layer, role), items, located.dModel);
        const found = await suffixContinuation(site).classLogProb(items, states);
        const expected = rowsOf(capture.natural.logProb, items, prepared.classes.length);
        worst = Math.max(worst, variation(found, expected, prepared.classes.length));
      }
    }
  } finally {
    await sessions.release();
  }
  return worst;
}

function rowsOf(values: Float32Array, items: Int32Array, width: number): Float32Array {
  const out = new Float32Array(items.length * width);
  items.forEach((item, row) => {
    out.set(values.subarray(item * width, (item + 1) * width), row * width);
  });
  return out;
}

/** Largest total variation distance between rows of two tables `[row, class]` of log-probabilities. */
function variation(a: Float32Array, b: Float32Array, nClasses: number): number {
  let worst = 0;
  for (let start = 0; start < a.length; start += nClasses) {
    let sum = 0;
    for (let i = start; i < start + nClasses; i++)
      sum += Math.abs(Math.exp(a[i] ?? 0) - Math.exp(b[i] ?? 0));
    worst = Math.max(worst, sum / 2);
  }
  return worst;
}
