/**
 * @file The word of one cell: from its gates, and where both models encode the variable from its corrected claims.
 */
import type { Direction, Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { wilson } from "../stats/intervals.js";
import type { CorrectedClaim } from "./claims.js";
import { findNull } from "./figures.js";
import { largestNeed, pairsForClaim, pairsForSide } from "./n-to-decide.js";
import type { Policy } from "./policy.js";
import {
  describeClaim,
  describeOwnNull,
  describePass,
  describeSide,
  describeUncompared,
  type SiteFacts,
} from "./site-reasons.js";
import type { Gate, SiteWord } from "./verdicts.js";

/** Words by what the base (first) and the tuned model encode; two yeses go on to the ratios. */
const BY_GATES = {
  yes: { yes: "compare", no: "lost", "?": "inconclusive" },
  no: { yes: "gained", no: "absent", "?": "inconclusive" },
  "?": { yes: "inconclusive", no: "inconclusive", "?": "inconclusive" },
} as const satisfies Readonly<Record<Gate, Readonly<Record<Gate, SiteWord | "compare">>>>;

/** What a corrected run knows beyond the cell. */
export interface Correction {
  readonly claims: readonly CorrectedClaim[];
  /** Claims in the whole run. */
  readonly total: number;
}

/** A word with its reasons, the deciding one first. */
export interface Decision {
  readonly word: SiteWord;
  readonly reasons: readonly string[];
  readonly nToDecide?: number | undefined;
}

function isBelow(claim: CorrectedClaim, policy: Policy): boolean {
  return claim.ratio.high < policy.ratio && claim.adjustedP <= 1 - policy.confidence;
}

function isAboveOwnNull(trials: Trials, direction: Direction, policy: Policy): boolean {
  const interval = wilson(countHits(trials.iia[direction] ?? ""), policy.confidence);
  return interval.kind === "value" && interval.low > findNull(trials, direction).share;
}

/** Compares the cross directions where both models encode the variable. */
function compareDirections(
  facts: SiteFacts,
  { claims, total }: Correction,
  policy: Policy,
): Decision {
  const below = claims.filter((claim) => isBelow(claim, policy));
  if (below.length > 0) {
    return { word: "fails", reasons: below.map((claim) => describeClaim(facts, claim, policy)) };
  }
  if (facts.cross.length === 0)
    return { word: "inconclusive", reasons: [describeUncompared(facts, policy)] };
  const missing = facts.cross.filter((key) => !claims.some((c) => c.direction === key));
  const open = claims.filter(({ ratio }) => ratio.low < policy.ratio);
  const cheap = claims.filter(({ direction }) => !isAboveOwnNull(facts.trials, direction, policy));
  if (missing.length + open.length + cheap.length === 0) {
    return { word: "transfers", reasons: [describePass(claims, policy)] };
  }
  const needs = [
    ...open.map((claim) => pairsForClaim(claim, policy, total)),
    ...[...missing, ...cheap].map(() => undefined),
  ];
  return {
    word: "inconclusive",
    reasons: [
      ...open.map((claim) => describeClaim(facts, claim, policy)),
      ...cheap.map((claim) => describeOwnNull(facts, claim)),
      ...missing.map((key) => `${key} was not run`),
    ],
    nToDecide: largestNeed(needs),
  };
}

/** Decides a measurable cell. */
export function decideSite(facts: SiteFacts, correction: Correction, policy: Policy): Decision {
  const { trials, gates } = facts;
  const word = BY_GATES[gates.base.encodes][gates.tuned.encodes];
  if (word === "compare") return compareDirections(facts, correction, policy);
  const sides = (["base", "tuned"] as const).filter(
    (side) => word !== "inconclusive" || gates[side].encodes === "?",
  );
  const reasons = sides.map((side) => describeSide(facts, side, policy));
  if (word !== "inconclusive") return { word, reasons };
  const needs = sides.flatMap((side) => pairsForSide(trials, side, policy));
  return { word, reasons, nToDecide: largestNeed(needs) };
}
