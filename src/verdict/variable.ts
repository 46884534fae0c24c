/**
 * @file One variable judged from its sites.
 *
 * The rule, first match wins:
 *
 * - `not-measurable`: the audit could not measure it, or no site could.
 * - `fails`: it fails at any site, after correction.
 * - `lost`: it is lost at a site and not recovered; `moved`: lost at sites and all of them recovered.
 * - `transfers`: it transfers at more than half of the sites where the base encodes it; the others, all inconclusive, are named.
 * - `inconclusive`, `gained`, `absent`: what is left, in this order.
 *
 * When is a loss recovered? A state that a site exchanges acts on the answer through everything after it, so a site that
 * transfers shows that the tuned model still answers by the variable. A loss is recovered where the variable transfers
 * at the same layer in another role, or at a later layer: the code has moved there. Where it transfers at earlier sites
 * only, it leaves this place sooner than in the base and goes on through a place that was not examined; or half of the
 * behaviour is gone. The natural answers tell these apart: the loss counts as recovered only where the tuned accuracy
 * keeps the policy's ratio of the base's. And where the tuned accuracy is at its null nothing is recovered, whatever a
 * later site exchanges: the words must not say that a model works which does not. So a hand-over that moved by a layer does not close a release, and a
 * variable that no longer reaches the answer does.
 */
import type { BehaviourFate } from "./behaviour.js";
import type { Policy } from "./policy.js";
import { recount } from "./variable-reasons.js";
import type { Label, SiteVerdict, SiteWord, VariableVerdict, VariableWord } from "./verdicts.js";

/** What a variable is judged from. */
export interface VariableEvidence {
  readonly audit: string;
  readonly variable: string;
  readonly accuracy: VariableVerdict["accuracy"];
  readonly sites: readonly SiteVerdict[];
  /** What became of the tuned model's natural answers. */
  readonly behaviour: BehaviourFate;
  /** Why nothing was measured, if so. */
  readonly notMeasurable?: string;
}

/** Sites by their word, with losses sorted by whether they were recovered. */
export interface SiteGroups {
  readonly all: readonly SiteVerdict[];
  readonly byWord: Readonly<Record<SiteWord, readonly SiteVerdict[]>>;
  readonly recovered: readonly SiteVerdict[];
  readonly unrecovered: readonly SiteVerdict[];
  /** Inconclusive sites at which the base does encode the variable. */
  readonly open: readonly SiteVerdict[];
}

function isSamePlace(a: SiteVerdict, b: SiteVerdict): boolean {
  return a.layer === b.layer && a.role === b.role;
}

function groupSites(sites: readonly SiteVerdict[], behaviour: BehaviourFate): SiteGroups {
  const called = (word: SiteWord): readonly SiteVerdict[] =>
    sites.filter(({ verdict }) => verdict === word);
  const transferring = called("transfers");
  // lost at one k but transferring at another of the same place: that k was too small, nothing is lost
  const lost = called("lost").filter(
    (site) => !transferring.some((other) => isSamePlace(site, other)),
  );
  const isRecovered = (site: SiteVerdict): boolean =>
    behaviour !== "lost" &&
    transferring.some(({ layer }) => layer >= site.layer || behaviour === "kept");
  return {
    all: sites,
    byWord: {
      fails: called("fails"),
      lost,
      gained: called("gained"),
      transfers: transferring,
      absent: called("absent"),
      inconclusive: called("inconclusive"),
      "not-measurable": called("not-measurable"),
    },
    recovered: lost.filter(isRecovered),
    unrecovered: lost.filter((site) => !isRecovered(site)),
    open: called("inconclusive").filter(({ gates }) => gates.base.encodes === "yes"),
  };
}

/** The rule of this file, first match wins. */
const RULE: readonly (readonly [VariableWord, (groups: SiteGroups) => boolean])[] = [
  ["fails", ({ byWord }) => byWord.fails.length > 0],
  ["lost", ({ unrecovered }) => unrecovered.length > 0],
  ["moved", ({ recovered }) => recovered.length > 0],
  ["transfers", ({ byWord, open }) => byWord.transfers.length > open.length],
  // sites that transfer beside as many open ones are not decided either
  ["inconclusive", ({ byWord }) => byWord.inconclusive.length > 0],
  ["gained", ({ byWord }) => byWord.gained.length > 0],
  ["absent", ({ byWord }) => byWord.absent.length > 0],
];

function findWord(groups: SiteGroups): VariableWord {
  const row = RULE.find(([, holds]) => holds(groups));
  return row === undefined ? "not-measurable" : row[0];
}

/** Adds `moved` to a lost site where the tuned model encodes the variable in another role or at a later layer. */
function labelMoved(site: SiteVerdict, sites: readonly SiteVerdict[]): SiteVerdict {
  if (site.verdict !== "lost") return site;
  const elsewhere = sites.filter(
    (other) =>
      other.gates.tuned.encodes === "yes" && other.layer >= site.layer && !isSamePlace(other, site),
  );
  const [first] = elsewhere;
  if (first === undefined) return site;
  const reason = `moved: the tuned model encodes it at layer ${first.layer} (role ${first.role})`;
  return { ...site, labels: [...site.labels, "moved"], reasons: [...site.reasons, reason] };
}

/** The labels that any of these sites carries. */
function anyOf(sites: readonly SiteVerdict[], wanted: readonly Label[]): readonly Label[] {
  return wanted.filter((label) => sites.some(({ labels }) => labels.includes(label)));
}

/** Labels of the sites that decided; sizes differ by site and stay there. */
function collectLabels(word: VariableWord, { byWord }: SiteGroups): readonly Label[] {
  if (word === "transfers") {
    const isSame = byWord.transfers.every(({ labels }) => labels.includes("same basis"));
    return [
      ...(isSame ? (["same basis"] as const) : []),
      ...anyOf(byWord.transfers, ["entangled"]),
    ];
  }
  if (word === "fails") return anyOf(byWord.fails, ["steerable", "entangled"]);
  if (word !== "lost" && word !== "moved") return [];
  const found = [...new Set(byWord.lost.flatMap(({ labels }) => labels))];
  // a table of its own at one site means that the answers are not at their null
  return found.includes("behaviour changed")
    ? found.filter((label) => label !== "behaviour lost")
    : found;
}

/** Gives a variable its word, labels and reasons. */
export function judgeVariable(evidence: VariableEvidence, policy: Policy): VariableVerdict {
  const { audit, variable, accuracy, behaviour } = evidence;
  const sites = evidence.sites.map((site) => labelMoved(site, evidence.sites));
  const about = { audit, variable, accuracy, sites };
  if (evidence.notMeasurable !== undefined) {
    const reasons = [evidence.notMeasurable];
    return { ...about, verdict: "not-measurable", labels: [], reasons };
  }
  const groups = groupSites(sites, behaviour);
  const word = findWord(groups);
  const labels = collectLabels(word, groups);
  const reasons = recount({ word, groups, accuracy, behaviour }, policy);
  return { ...about, verdict: word, labels, reasons };
}
