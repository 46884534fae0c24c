/**
 * @file What judging again changed, in sentences: thresholds, the word of the run, and the words of variables.
 */
import type { SiteVerdict, VariableVerdict } from "../verdict/verdicts.js";
import { plural } from "./figure-text.js";
import type { Result } from "./schema.js";

/** One sentence per threshold, variable and kind of site that differs; none where nothing does. */
export function describeChanges(before: Result, after: Result): readonly string[] {
  return [
    ...describePolicy(before.policy, after.policy),
    ...(before.verdict === after.verdict ? [] : [`run: ${before.verdict} → ${after.verdict}`]),
    ...describeVariables(before.variables, after.variables),
  ];
}

/** Whether both say the same; figures are not compared, because another machine may round their last digit otherwise. */
export function isSameJudgement(before: Result, after: Result): boolean {
  return JSON.stringify(spell(before)) === JSON.stringify(spell(after));
}

/** Every word, label and sentence of a judgement, in order. */
function spell({ verdict, reasons, variables }: Result): readonly unknown[] {
  const told = (one: Pick<SiteVerdict | VariableVerdict, "verdict" | "labels" | "reasons">) =>
    [one.verdict, one.labels, one.reasons] as const;
  return [verdict, reasons, variables.map((one) => [told(one), one.sites.map(told)])];
}

function describePolicy(before: Result["policy"], after: Result["policy"]): readonly string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after).flatMap(([key, value]) => {
    const [from, to] = [JSON.stringify(old.get(key)), JSON.stringify(value)];
    return from === to ? [] : [`policy ${key}: ${show(old.get(key))} → ${show(value)}`];
  });
}

/** Entries with reasons are counted: they stand in the policy, and what they do in the words. */
function show(value: unknown): string {
  const isEntries = Array.isArray(value) && value.some((each) => typeof each === "object");
  return isEntries ? plural(value.length, "entry", "entries") : JSON.stringify(value);
}

function describeVariables(
  before: readonly VariableVerdict[],
  after: readonly VariableVerdict[],
): readonly string[] {
  return after.flatMap((variable) => {
    const old = before.find(
      ({ audit, variable: name }) => audit === variable.audit && name === variable.variable,
    );
    if (old === undefined) return [];
    const sites = changedSites(old.sites, variable.sites);
    const word = old.verdict === variable.verdict ? "" : ` ${old.verdict} → ${variable.verdict}`;
    if (word === "" && sites === 0) return [];
    const places = sites === 0 ? "" : ` (${sites} of ${variable.sites.length} sites changed)`;
    return [
      `${variable.variable} (${variable.audit}):${word || ` ${old.verdict}, as before`}${places}`,
    ];
  });
}

function changedSites(before: readonly SiteVerdict[], after: readonly SiteVerdict[]): number {
  const place = ({ role, layer, k, seed }: SiteVerdict): string =>
    JSON.stringify([role, layer, k, seed]);
  const words = new Map(before.map((site) => [place(site), site.verdict]));
  return after.filter((site) => words.get(place(site)) !== site.verdict).length;
}
