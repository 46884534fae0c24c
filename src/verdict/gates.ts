/**
 * @file The two gates of a model at a site: a ratio is worth computing only where both models encode the variable.
 *
 * Without gates an untrained network "transfers" and learned maps steer where nothing is encoded. Each gate asks
 * whether a rate stands more than τ above its null, and answers from the interval, never from the point.
 */
import type { Side, Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { wilson, type Tally } from "../stats/intervals.js";
import { findCeiling, findNull, within } from "./figures.js";
import type { Policy } from "./policy.js";
import type { Gate, SideGates } from "./verdicts.js";

/** Says whether a rate stands more than τ above a null: yes and no from the ends of its interval, else "?". */
export function compareWithNull(
  tally: Tally,
  nullShare: number,
  { tau, confidence }: Pick<Policy, "tau" | "confidence">,
): Gate {
  const interval = wilson(tally, confidence);
  if (interval.kind === "undefined") return "?";
  if (interval.low - nullShare > tau) return "yes";
  return interval.high - nullShare < tau ? "no" : "?";
}

/** Both must hold: one no is enough, one "?" leaves a yes open. */
function both(a: Gate, b: Gate): Gate {
  if (a === "no" || b === "no") return "no";
  return a === "yes" && b === "yes" ? "yes" : "?";
}

/**
 * Gates one model at one site.
 *
 * The full swap is compared with no intervention; the learned subspace with the largest of its own nulls. What was not
 * run cannot say yes: a model whose subspace was not trained encodes the variable at most "?". Maps learned in the model
 * alone speak where the joint ones do not say yes.
 */
export function gateSide(trials: Trials, side: Side, policy: Policy): SideGates {
  const own = within(side);
  const swapped = trials.fullSwap[own];
  const untouched = countHits(trials.noIntervention[side]);
  const learned = trials.iia[own];
  const fullSwap =
    swapped === undefined
      ? "?"
      : compareWithNull(countHits(swapped), untouched.hits / untouched.n, policy);
  if (learned === undefined) return { fullSwap, encodes: both(fullSwap, "?") };
  const ceiling = findCeiling(trials, side, policy);
  if (ceiling?.isAlone === true) {
    return { fullSwap, subspace: "yes", isAlone: true, encodes: both(fullSwap, "yes") };
  }
  const subspace = compareWithNull(countHits(learned), findNull(trials, own).share, policy);
  return { fullSwap, subspace, encodes: both(fullSwap, subspace) };
}
