/**
 * @file What a reader should see first, picked from a result: nothing here is judged or computed anew.
 */
import { basename, dirname } from "node:path";

import { direction, type Direction, type Side } from "../measure/measures.js";
import type { Measure, SiteVerdict, VariableVerdict, VariableWord } from "../verdict/verdicts.js";
import { writeHeld } from "../verdict/excuse-sentences.js";
import { listText, plural, sentence } from "./figure-text.js";
import type { Result } from "./schema.js";
import { WORDS, WORD_ORDER } from "./words.js";

/** A figure with its place. */
export interface Highlight {
  readonly site: SiteVerdict;
  readonly direction: Direction;
  /** What the figure is. */
  readonly quantity: "ratio" | "IIA" | "full swap";
  readonly measure: Extract<Measure, { kind: "value" }>;
}

/** Sites that share a curve: one position role, one k, one seed; ordered by layer. */
export interface Curve {
  readonly role: string;
  readonly k: number;
  readonly seed: number;
  readonly sites: readonly SiteVerdict[];
}

/** Words that say that something the base did no longer works the same way. */
const BROKEN: readonly VariableWord[] = ["fails", "lost"];

/** The whole run in one or two sentences: `1 of 3 variables fails to transfer: “polarity” is lost. “number” transfers.` */
export function headline(result: Pick<Result, "variables">): string {
  return [countWords(result), ...excused(result)].join(" ");
}

/** `“v” is waived until 2030-12-31: reason.`, for every variable that the gate does not look at. */
function excused({ variables }: Pick<Result, "variables">): readonly string[] {
  return variables
    .filter(({ isExcused }) => isExcused === true)
    .map((variable) => sentence(`${quotedName(variable)} is ${writeHeld(variable)}`));
}

function countWords({ variables }: Pick<Result, "variables">): string {
  const all = variables.length;
  if (all === 0) return "No variable was tested.";
  const broken = variables.filter(({ verdict }) => BROKEN.includes(verdict));
  const others = variables.filter(({ verdict }) => !BROKEN.includes(verdict));
  if (broken.length === 0 && others.every(({ verdict }) => verdict === "transfers")) {
    return all === 1 ? `${predicates(others)}.` : `All ${all} variables transfer.`;
  }
  const rest = others.length === 0 ? "" : ` ${predicates(others)}.`;
  if (broken.length === 0) return `No variable fails to transfer.${rest}`;
  const verb = broken.length === 1 ? "fails" : "fail";
  return `${broken.length} of ${plural(all, "variable")} ${verb} to transfer: ${predicates(broken)}.${rest}`;
}

function predicates(variables: readonly VariableVerdict[]): string {
  const parts = WORD_ORDER.flatMap((word) => {
    const named = variables.filter(({ verdict }) => verdict === word).map(quotedName);
    const [one, many] = WORDS[word].predicate;
    return named.length === 0 ? [] : [`${listText(named)} ${named.length === 1 ? one : many}`];
  });
  return listText(parts);
}

function quotedName({ variable }: VariableVerdict): string {
  return `“${variable}”`;
}

/** The site that says most about a variable: the greatest loss where it was lost, else the lowest ratio. */
export function worstSite(variable: VariableVerdict): Highlight | undefined {
  const isLost = variable.verdict === "lost" || variable.verdict === "moved";
  return (isLost ? greatestLoss(variable.sites) : undefined) ?? lowestRatio(variable.sites);
}

/** The worst variable of a run, by the order of the words and then by its ratio; undefined when all transfer. */
export function worstVariable(result: Result): VariableVerdict | undefined {
  const rank = (word: VariableWord): number => WORD_ORDER.indexOf(word);
  return [...result.variables]
    .filter(({ verdict }) => verdict !== "transfers")
    .sort((a, b) => rank(a.verdict) - rank(b.verdict) || worstValue(a) - worstValue(b))[0];
}

function worstValue(variable: VariableVerdict): number {
  return worstSite(variable)?.measure.value ?? Number.POSITIVE_INFINITY;
}

function lowestRatio(sites: readonly SiteVerdict[]): Highlight | undefined {
  const found = sites.flatMap((site) =>
    (["base→tuned", "tuned→base"] as const).flatMap((key): Highlight[] => {
      const measure = site.ratio[key];
      if (measure?.kind !== "value") return [];
      return [{ site, direction: key, quantity: "ratio", measure }];
    }),
  );
  return smallest(found, ({ measure }) => measure.value);
}

function greatestLoss(sites: readonly SiteVerdict[]): Highlight | undefined {
  const found = sites.flatMap((site): readonly (Highlight & { readonly drop: number })[] => {
    if (site.verdict !== "lost") return [];
    const base = withinFigure(site, "base");
    const tuned = withinFigure(site, "tuned");
    if (base === undefined || tuned === undefined) return [];
    return [{ ...tuned, drop: tuned.measure.value - base.measure.value }];
  });
  const worst = smallest(found, ({ drop }) => drop);
  if (worst === undefined) return undefined;
  const { site, direction: key, quantity, measure } = worst;
  return { site, direction: key, quantity, measure };
}

/** How far a model's own state moves its answer: learned where it was learned, else the whole state. */
function withinFigure(site: SiteVerdict, side: Side): Highlight | undefined {
  const key = direction(side, side);
  const learned = site.iia[key];
  if (learned?.kind === "value") {
    return { site, direction: key, quantity: "IIA", measure: learned };
  }
  const swapped = site.controls.fullSwap[key];
  if (swapped?.kind !== "value") return undefined;
  return { site, direction: key, quantity: "full swap", measure: swapped };
}

function smallest<T>(from: readonly T[], key: (entry: T) => number): T | undefined {
  return from.reduce<T | undefined>(
    (least, next) => (least === undefined || key(next) < key(least) ? next : least),
    undefined,
  );
}

/** Sites by the curve they lie on, in the order in which their roles, k and seeds first appear. */
export function curvesOf(sites: readonly SiteVerdict[]): readonly Curve[] {
  const groups = new Map<string, SiteVerdict[]>();
  for (const site of sites) {
    const key = JSON.stringify([site.role, site.k, site.seed]);
    groups.set(key, [...(groups.get(key) ?? []), site]);
  }
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const sorted = [...members].sort((a, b) => a.layer - b.layer);
    return [{ role: first.role, k: first.k, seed: first.seed, sites: sorted }];
  });
}

/** Names that tell nothing of a model: its folder does. */
const USUAL_NAMES: readonly string[] = ["model.onnx", "config.json"];

/** A model by its file, or by its folder where the file has a usual name. */
export function modelName({ manifest }: Pick<Result, "manifest">, side: Side): string {
  const { paths } = manifest.timing;
  const adapter = paths[`${side} adapter configuration`];
  if (adapter !== undefined) return basename(dirname(adapter));
  const path = paths[`${side} model`];
  if (path === undefined) return side;
  return basename(USUAL_NAMES.includes(basename(path)) ? dirname(path) : path);
}

/** `layer 12, role “last”`. */
export function placeText(site: Pick<SiteVerdict, "layer" | "role">): string {
  return `layer ${site.layer}, role “${site.role}”`;
}

/** Every position role of a result, in order of appearance. */
export function rolesOf(result: Result): readonly string[] {
  return [...new Set(result.variables.flatMap(({ sites }) => sites.map(({ role }) => role)))];
}

/** Every layer of a result, ascending. */
export function layersOf(result: Result): readonly number[] {
  const layers = new Set(result.variables.flatMap(({ sites }) => sites.map(({ layer }) => layer)));
  return [...layers].sort((a, b) => a - b);
}
