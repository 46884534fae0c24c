/**
 * @file Why a site is called what it is called: one sentence per fact, each with its numbers.
 */
import { present } from "../errors.js";
import { SIDES, type Direction, type Side, type Trials } from "../measure/measures.js";
import { measureRatio, type CorrectedClaim } from "./claims.js";
import { countHits } from "../stats/hits.js";
import { findCeiling, findNull, measureShare, TARGET, within } from "./figures.js";
import type { Policy } from "./policy.js";
import { writeInterval, writeMeasure, writeNumber, writeP } from "./sentences.js";
import type { ByDirection, SideGates, SiteControls } from "./verdicts.js";

/** What the sentences about one site are made from. */
export interface SiteFacts {
  readonly trials: Trials;
  /** Cross directions that are compared: those that the method learns maps for. */
  readonly cross: readonly Direction[];
  readonly gates: Readonly<Record<Side, SideGates>>;
  readonly iia: ByDirection;
  readonly controls: SiteControls;
}

/** Says how a gate answered, for the sentence that follows it. */
const ANSWERS = {
  yes: "stands above",
  no: "does not stand above",
  "?": "is not decided against",
} as const;

function describeFullSwap({ gates, controls }: SiteFacts, side: Side): string {
  const swap = writeMeasure(controls.fullSwap[within(side)]);
  const untouched = writeMeasure(controls.noIntervention[side]);
  return `full swap within ${side} ${swap} ${ANSWERS[gates[side].fullSwap]} no intervention ${untouched}`;
}

function describeSubspace({ gates, trials, iia }: SiteFacts, side: Side, policy: Policy): string {
  const key = within(side);
  const { subspace } = gates[side];
  if (subspace === undefined) return `${key} was not learned`;
  const { name, share } = findNull(trials, key);
  const alone = gates[side].isAlone === true ? trials.alone?.[side] : undefined;
  if (alone !== undefined) {
    const own = writeMeasure(measureShare(countHits(alone.iia), policy.confidence));
    return `${key} ${own} by maps of its own stands above its null, ${writeMeasure(iia[key])} by maps that serve both models does not`;
  }
  return `${key} ${writeMeasure(iia[key])} ${ANSWERS[subspace]} its null ${writeNumber(share)} (${name})`;
}

/** One sentence on whether a model encodes the variable here: the gate that decided it, or both where both are open. */
export function describeSide(facts: SiteFacts, side: Side, policy: Policy): string {
  const { fullSwap, subspace, encodes } = facts.gates[side];
  const by = ` by τ = ${writeNumber(policy.tau)}`;
  if (encodes === "yes") return `${side} encodes it: ${describeSubspace(facts, side, policy)}${by}`;
  if (encodes === "no") {
    const deciding =
      fullSwap === "no" ? describeFullSwap(facts, side) : describeSubspace(facts, side, policy);
    return `${side} does not encode it: ${deciding}${by}`;
  }
  const open = [
    ...(fullSwap === "?" ? [describeFullSwap(facts, side)] : []),
    ...(subspace === "yes" ? [] : [describeSubspace(facts, side, policy)]),
  ];
  return `${side} is undecided: ${open.join("; ")}${by}`;
}

/** Says how a ratio stands to the policy's, after correction. */
function describeStanding({ ratio, adjustedP, p }: CorrectedClaim, policy: Policy): string {
  const asked = writeNumber(policy.ratio);
  if (ratio.low >= policy.ratio) return `at least ${asked}`;
  if (ratio.high >= policy.ratio) return `not decided against ${asked}`;
  if (policy.multiplicity === "none") return `below ${asked} (${writeP(p)})`;
  const corrected = `(${writeP(adjustedP)} corrected by ${policy.multiplicity})`;
  if (adjustedP <= 1 - policy.confidence) return `below ${asked} ${corrected}`;
  return `below ${asked} alone, but not among all claims of the run ${corrected}`;
}

/** One sentence on a cross direction: its IIA, the ceiling, the null, and the ratio of the effects. */
export function describeClaim(facts: SiteFacts, claim: CorrectedClaim, policy: Policy): string {
  const { trials, iia } = facts;
  const ceiling = present(findCeiling(trials, TARGET[claim.direction], policy), "own maps");
  const { name, share } = ceiling.null;
  const own = writeMeasure(measureShare(countHits(ceiling.hits), policy.confidence));
  const ratio = writeMeasure(measureRatio(claim.ratio, policy.confidence));
  return (
    `${claim.direction} ${writeMeasure(iia[claim.direction])} against a ceiling of ${own}${ceiling.isAlone ? " (maps of its own)" : ""}; ` +
    `null ${writeNumber(share)} (${name}); ratio ${ratio}, ${describeStanding(claim, policy)}`
  );
}

/** One sentence on a pass: both ratios with their intervals. */
export function describePass(claims: readonly CorrectedClaim[], policy: Policy): string {
  const parts = claims.map(
    ({ direction, ratio }) =>
      `${direction} ${writeNumber(ratio.value)} ${writeInterval([ratio.low, ratio.high])}`,
  );
  const reached = `${writeNumber(policy.ratio)} of the target's own effect: ${parts.join(", ")}`;
  return claims.length > 1
    ? `both cross directions reach ${reached}`
    : `the cross direction reaches ${reached}`;
}

/** One sentence on a cross direction whose own controls move the answer as far as it does. */
export function describeOwnNull(facts: SiteFacts, claim: CorrectedClaim): string {
  const { name, share } = findNull(facts.trials, claim.direction);
  const figure = writeMeasure(present(facts.iia[claim.direction], "IIA of a claim"));
  return `${claim.direction} ${figure} does not stand above its own null ${writeNumber(share)} (${name}): more pairs would not help`;
}

/** Says that a method without cross directions compares nothing, and what it does say. */
export function describeUncompared(facts: SiteFacts, policy: Policy): string {
  const sides = SIDES.map((side) => describeSide(facts, side, policy)).join("; ");
  return `the method learns each model within itself and compares nothing: ${sides}`;
}
