/**
 * @file The first gate of a cell: can the variable be moved here at all? Judged on full-state swaps within a model,
 * forward only. Where swapping the whole state moves nothing, maps that were trained on behaviour can still reach
 * .96 by steering: so nothing is trained there.
 */
import { invariant } from "../errors.js";
import { countHits } from "../stats/hits.js";
import { wilson } from "../stats/intervals.js";
import type { Hits } from "./measures.js";

/** When a gate closes. */
export interface GateRule {
  /** Least effect over no intervention, share. */
  readonly tau: number;
  /** Confidence of the two-sided Wilson interval of the full swap's rate, share. */
  readonly confidence: number;
}

/** The rule of a verdict's first gate, with the thresholds of the default policy. */
export const GATE_DEFAULTS: GateRule = { tau: 0.2, confidence: 0.95 };

/** True where the lower end of a rate stands more than τ above a null: what the learned maps must show. */
export function isShown(
  { hits, nullShare }: { readonly hits: Hits; readonly nullShare: number },
  { tau, confidence }: GateRule,
): boolean {
  const rate = wilson(countHits(hits), confidence);
  return rate.kind === "value" && rate.low - nullShare > tau;
}

/** True unless the upper end of the full swap's rate, less the rate without intervention, stays below τ. */
export function isAlive(
  { fullSwap, noIntervention }: { fullSwap: Hits; noIntervention: Hits },
  { tau, confidence }: GateRule,
): boolean {
  const idle = countHits(noIntervention);
  const swapped = wilson(countHits(fullSwap), confidence);
  invariant(swapped.kind === "value", "full-swap trials");
  return swapped.high - idle.hits / idle.n >= tau;
}
