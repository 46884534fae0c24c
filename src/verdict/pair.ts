/**
 * @file Pairs of small networks judged by the rules of an audit's cells: gates first, then ratios, then a word. The first
 * network of a pair stands for the base, the second for the tuned model.
 */
import { invariant, present } from "../errors.js";
import type { Trials } from "../measure/measures.js";
import { correctClaims, makeClaims, measureRatio } from "./claims.js";
import { CROSS_DIRECTIONS, measureByDirection, measureControls, measureNulls } from "./figures.js";
import { gateSide } from "./gates.js";
import type { Policy } from "./policy.js";
import { decideSite } from "./site-decision.js";
import type { ByDirection, SiteWord } from "./verdicts.js";

/** What is said of one pair. */
export interface PairVerdict {
  readonly verdict: SiteWord;
  readonly reasons: readonly string[];
  readonly n: number;
  readonly iia: ByDirection;
  readonly null: ByDirection;
  /** Cross directions over the target's own effect, where both networks encode what is exchanged. */
  readonly ratio: ByDirection;
}

/** Judges pairs together: claims of failure are corrected over all of them. */
export function judgePairs(pairs: readonly Trials[], policy: Policy): readonly PairVerdict[] {
  const evidence = pairs.map((trials) => {
    const gates = {
      base: gateSide(trials, "base", policy),
      tuned: gateSide(trials, "tuned", policy),
    };
    const isShared = gates.base.encodes === "yes" && gates.tuned.encodes === "yes";
    return { trials, gates, claims: isShared ? makeClaims(trials, policy) : [] };
  });
  const corrected = correctClaims(
    evidence.map(({ claims }) => claims),
    policy.multiplicity,
  );
  const total = corrected.flat().length;
  return evidence.map(({ trials, gates }, i) => {
    const claims = present(corrected[i], "claims of a pair");
    invariant(trials.target.length > 0, "a pair without trials");
    const iia = measureByDirection(trials.iia, policy.confidence);
    const facts = {
      trials,
      gates,
      iia,
      cross: CROSS_DIRECTIONS,
      controls: measureControls(trials, policy.confidence),
    };
    const { word, reasons } = decideSite(facts, { claims, total }, policy);
    return {
      verdict: word,
      reasons,
      n: trials.target.length,
      iia,
      null: measureNulls(trials, policy.confidence),
      ratio: Object.fromEntries(
        claims.map(({ direction, ratio }) => [direction, measureRatio(ratio, policy.confidence)]),
      ),
    };
  });
}
