/**
 * @file Why a variable is called what it is called: where, the most telling figure, and what stayed open.
 */
import type { BehaviourFate } from "./behaviour.js";
import { writePlaces } from "./places.js";
import type { Policy } from "./policy.js";
import { writeMeasure, writeNumber } from "./sentences.js";
import type { SiteGroups } from "./variable.js";
import type { Measure, SiteVerdict, VariableVerdict, VariableWord } from "./verdicts.js";

/** What the sentences about one variable are made from. */
export interface VariableFacts {
  readonly word: VariableWord;
  readonly groups: SiteGroups;
  readonly accuracy: VariableVerdict["accuracy"];
  readonly behaviour: BehaviourFate;
}

function lowest(measures: readonly (Measure | undefined)[]): number {
  const ends = measures.flatMap((m) => (m?.kind === "value" ? [m.interval[0]] : []));
  return Math.min(...ends);
}

/** How little of the effect arrives at a site, at worst. */
function worstRatio({ ratio }: SiteVerdict): number {
  return lowest([ratio["base→tuned"], ratio["tuned→base"]]);
}

/** How surely the base encodes the variable at a site: the smaller, the surer. */
function baseDoubt({ iia }: SiteVerdict): number {
  return -lowest([iia["base→base"]]);
}

/** The first reason of the site that ranks lowest, with its address. */
function tellExample(sites: readonly SiteVerdict[], rank: (site: SiteVerdict) => number): string[] {
  const [first, ...rest] = sites;
  if (first === undefined) return [];
  const site = rest.reduce((best, next) => (rank(next) < rank(best) ? next : best), first);
  return [
    `layer ${site.layer} (role ${site.role}), n = ${site.n}: ${site.reasons.slice(0, 2).join("; ")}`,
  ];
}

function tellAccuracy({ base, tuned }: VariableFacts["accuracy"]): string {
  return `natural accuracy: base ${writeMeasure(base)}, tuned ${writeMeasure(tuned)}`;
}

function tellLost(facts: VariableFacts, policy: Policy): readonly string[] {
  const { groups, accuracy, behaviour } = facts;
  const { all, byWord, unrecovered } = groups;
  const example = tellExample(unrecovered, baseDoubt);
  const head = `lost at ${writePlaces(byWord.lost, all)}`;
  const answers = tellAccuracy(accuracy);
  const transferring = writePlaces(byWord.transfers, all);
  if (byWord.transfers.length === 0) return [`${head}; transfers nowhere`, ...example, answers];
  if (behaviour === "lost") {
    const despite = `${head}, although it transfers at ${transferring}`;
    return [despite, ...example, `${answers}: at its null, so nothing was recovered`];
  }
  return [
    `${head}; transfers only earlier, at ${transferring}`,
    ...example,
    `${answers}: not shown to keep ${writeNumber(policy.ratio)} of the base's effect`,
  ];
}

function tellMoved({ groups, accuracy }: VariableFacts): readonly string[] {
  const { all, byWord, recovered } = groups;
  const last = Math.max(...byWord.transfers.map(({ layer }) => layer));
  const early = recovered.filter(({ layer }) => layer > last);
  const leaving = `it leaves ${writePlaces(early, all)} sooner than in the base, and the answers still follow it`;
  return [
    `lost at ${writePlaces(byWord.lost, all)}; transfers at ${writePlaces(byWord.transfers, all)}`,
    ...tellExample(recovered, baseDoubt),
    ...(early.length > 0 ? [leaving] : []),
    tellAccuracy(accuracy),
  ];
}

/** How each word is explained, before what stayed open. */
const TELL: Readonly<
  Record<VariableWord, (facts: VariableFacts, policy: Policy) => readonly string[]>
> = {
  fails: ({ groups: { all, byWord } }) => [
    `fails at ${writePlaces(byWord.fails, all)}`,
    ...tellExample(byWord.fails, worstRatio),
  ],
  lost: tellLost,
  moved: tellMoved,
  transfers: ({ groups: { all, byWord, open } }) => [
    `transfers ${open.length === 0 ? "wherever the base encodes it: " : "at "}${writePlaces(byWord.transfers, all)}`,
    ...tellExample(byWord.transfers, worstRatio),
  ],
  inconclusive: ({ groups: { byWord } }) =>
    tellExample(byWord.inconclusive, (site) => site.nToDecide ?? Number.POSITIVE_INFINITY),
  gained: ({ groups: { all, byWord } }) => [
    `only the tuned model encodes it, at ${writePlaces(byWord.gained, all)}`,
    ...tellExample(byWord.gained, ({ layer }) => layer),
  ],
  absent: ({ groups: { all, byWord } }) => [
    `neither model encodes it at ${writePlaces(byWord.absent, all)}`,
  ],
  "not-measurable": ({ groups: { all } }) =>
    all.length === 0 ? ["no site was examined"] : tellExample(all, ({ layer }) => layer),
};

/** Names the sites that the word leaves undecided. */
function tellOpen({ word, groups }: VariableFacts): readonly string[] {
  const { all, byWord, open } = groups;
  if (byWord.inconclusive.length === 0) return [];
  const base = word === "transfers" && open.length > 0 ? ", some of which the base encodes" : "";
  const besides = word === "inconclusive" && byWord.transfers.length > 0;
  const passing = besides ? `; transfers at ${writePlaces(byWord.transfers, all)}` : "";
  return [`inconclusive at ${writePlaces(byWord.inconclusive, all)}${base}${passing}`];
}

/** Explains a variable's word, the deciding sentence first. */
export function recount(facts: VariableFacts, policy: Policy): readonly string[] {
  return [...TELL[facts.word](facts, policy), ...tellOpen(facts)];
}
