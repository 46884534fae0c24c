/** @file What must be said of each planted pair (`fixtures/planted/truth.json`), and whether a result says it. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { VERDICT_WORDS } from "../../src/verdict/verdicts.js";
import { COPIES } from "./planted-copies.js";

/** Letter of a word in the site strings of the truth; a result is spelled with the same. */
const LETTERS = {
  T: "transfers",
  F: "fails",
  L: "lost",
  G: "gained",
  ".": "absent",
  "?": "inconclusive",
  "-": "not-measurable",
} as const;
/** Letters for more than one word. `*`: nothing was planted there, but nothing broke either. `X`: must not transfer. */
const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  "*": ["transfers", "absent", "inconclusive"],
  X: ["fails", "lost", "inconclusive"],
};
/** Words that claim a difference between the models. */
const ALARMS: readonly string[] = ["fails", "lost", "gained"];

const copies = z.enum([
  "identical",
  "rotated",
  "scaled",
  "untrained",
] satisfies readonly (keyof typeof COPIES)[]);
const variableTruth = z.strictObject({
  /** The word, or words of which any will do: where a code is half there, several are true. */
  verdict: z.union([z.enum(VERDICT_WORDS), z.array(z.enum(VERDICT_WORDS)).min(2)]),
  /** Labels that must stand at the variable, or (a trailing "…" allows any ending) begin so. */
  labels: z.array(z.string()).default([]),
  /** Labels that must not stand there. */
  not: z.array(z.string()).default([]),
  /** By role: one letter per layer, from 0 (embedding) on. */
  sites: z.record(z.string(), z.string().regex(/^[TFLGX.?*-]+$/)),
});
const plantTruth = z.strictObject({
  what: z.string(),
  /** A folder of the seed, or a copy of the base that is made on the spot. */
  tuned: z.union([z.strictObject({ copy: copies }), z.strictObject({ folder: z.string() })]),
  /** False alarms of these plants count for the table's error rate: nothing may be found there. */
  harmless: z.boolean().default(false),
  /** Layers at which the tests look; the table looks at all. */
  testLayers: z.array(z.int().min(0)).min(1).default([2, 3]),
  audits: z.array(z.string()).min(1),
  /** `audit/variable` → what must be said. */
  variables: z.record(z.string(), variableTruth),
});
const truthSchema = z.strictObject({ plants: z.record(z.string(), plantTruth) });

/** What must be said of one variable. */
export type VariableTruth = z.infer<typeof variableTruth>;
/** What must be said of one pair. */
export type PlantTruth = z.infer<typeof plantTruth>;
/** By name of the plant. */
export type Truth = Readonly<Record<string, PlantTruth>>;

/** Reads the truth file. @throws {@link z.ZodError} where it is not one. */
export function readTruth(path: string): Truth {
  return truthSchema.parse(JSON.parse(readFileSync(path, "utf8"))).plants;
}

/** One variable of one pair: planted beside said. */
export interface Comparison {
  readonly variable: string;
  readonly planted: string;
  readonly said: string;
  /** Every difference, in words; empty = as planted. */
  readonly mistakes: readonly string[];
  readonly cells: number;
  /** Cells that are called broken and are not. */
  readonly falseAlarms: number;
}

/** What a result says of a variable; `result.json` holds more. */
export interface SaidVariable {
  readonly audit: string;
  readonly variable: string;
  readonly verdict: string;
  readonly labels: readonly string[];
  readonly sites: readonly {
    readonly layer: number;
    readonly role: string;
    readonly verdict: string;
    readonly labels: readonly string[];
  }[];
}

/** What stands beside a result. */
export interface Expected {
  readonly plant: PlantTruth;
  /** Layers that were looked at; nothing = all of the truth. */
  readonly layers?: readonly number[] | undefined;
}

/** Compares all variables of a result with the truth; a variable that is on one side only is a mistake. */
export function compareWithTruth(
  { variables }: { readonly variables: readonly SaidVariable[] },
  { plant, layers }: Expected,
): readonly Comparison[] {
  const found = new Map(variables.map((each) => [`${each.audit}/${each.variable}`, each]));
  const names = [...new Set([...Object.keys(plant.variables), ...found.keys()])];
  return names.map((variable) =>
    compareVariable({
      variable,
      truth: plant.variables[variable],
      found: found.get(variable),
      layers,
    }),
  );
}

interface VariablePair {
  readonly variable: string;
  readonly truth: VariableTruth | undefined;
  readonly found: SaidVariable | undefined;
  readonly layers: readonly number[] | undefined;
}

function compareVariable({ variable, truth, found, layers }: VariablePair): Comparison {
  if (truth === undefined || found === undefined) {
    const mistakes = [truth === undefined ? "not in the truth" : "not in the result"];
    return {
      variable,
      planted: truth === undefined ? "nothing" : listWords(truth),
      said: found?.verdict ?? "nothing",
      mistakes,
      cells: 0,
      falseAlarms: 0,
    };
  }
  const cells = Object.entries(truth.sites).flatMap(([role, letters]) =>
    compareRole({ role, letters, found, layers }),
  );
  const stray = found.sites.filter(({ role, layer }) => truth.sites[role]?.[layer] === undefined);
  const words: readonly string[] = [truth.verdict].flat();
  const word = words.includes(found.verdict) ? [] : [`${found.verdict}, not ${listWords(truth)}`];
  const mistakes = [
    ...word,
    ...truth.labels
      .filter((label) => !has(found, label))
      .map((label) => `without the label "${label}"`),
    ...truth.not.filter((label) => has(found, label)).map((label) => `with the label "${label}"`),
    ...cells.flatMap(({ mistake }) => (mistake === undefined ? [] : [mistake])),
    ...stray.map(({ role, layer }) => `${role} ${layer}: not in the truth`),
  ];
  return {
    variable,
    planted: spell(listWords(truth), lookedAt(truth.sites, layers)),
    said: spell(found.verdict, lettersOf(found, Object.keys(truth.sites))),
    mistakes,
    cells: cells.length,
    falseAlarms: cells.filter(({ isFalseAlarm }) => isFalseAlarm).length,
  };
}

/** Letters of the layers that were looked at. */
function lookedAt(
  sites: VariableTruth["sites"],
  layers: readonly number[] | undefined,
): VariableTruth["sites"] {
  const kept = (letters: string): string =>
    Array.from(letters)
      .filter((_, layer) => layers?.includes(layer) !== false)
      .join("");
  return Object.fromEntries(Object.entries(sites).map(([role, all]) => [role, kept(all)]));
}

interface ComparedCell {
  readonly mistake?: string;
  readonly isFalseAlarm: boolean;
}

interface RolePair {
  readonly role: string;
  readonly letters: string;
  readonly found: SaidVariable;
  readonly layers: readonly number[] | undefined;
}

function compareRole({ role, letters, found, layers }: RolePair): readonly ComparedCell[] {
  return Array.from(letters).flatMap((letter, layer): readonly ComparedCell[] => {
    if (layers?.includes(layer) === false) return [];
    const said = found.sites.find((site) => site.role === role && site.layer === layer)?.verdict;
    const wanted = wordsOf(letter);
    if (said !== undefined && wanted.includes(said)) return [{ isFalseAlarm: false }];
    const mistake = `${role} ${layer}: ${said ?? "nothing"}, not ${wanted.join(" or ")}`;
    const isFalseAlarm = isAlarm(said) && !wanted.some(isAlarm);
    return [{ mistake, isFalseAlarm }];
  });
}

/** Does the word claim a difference? Where none was planted, that is a false alarm. */
function isAlarm(word: string | undefined): boolean {
  return word !== undefined && ALARMS.includes(word);
}

function wordsOf(letter: string): readonly string[] {
  const found = Object.entries(LETTERS).find(([key]) => key === letter);
  return found === undefined ? (SEVERAL[letter] ?? []) : [found[1]];
}

function listWords({ verdict }: VariableTruth): string {
  return [verdict].flat().join(" or ");
}

/** Labels of sites count too: some, such as a scale, differ by site and are not collected. */
function has({ labels, sites }: SaidVariable, wanted: string): boolean {
  const all = [...labels, ...sites.flatMap((site) => site.labels)];
  if (!wanted.endsWith("…")) return all.includes(wanted);
  return all.some((label) => label.startsWith(wanted.slice(0, -1)));
}

function lettersOf(
  { sites }: SaidVariable,
  roles: readonly string[],
): Readonly<Record<string, string>> {
  const letter = (word: string): string =>
    Object.entries(LETTERS).find(([, name]) => name === word)?.[0] ?? " ";
  return Object.fromEntries(
    roles.map((role) => {
      const inRole = sites.filter((site) => site.role === role).sort((a, b) => a.layer - b.layer);
      return [role, inRole.map(({ verdict }) => letter(verdict)).join("")];
    }),
  );
}

/** `lost (object LLL.., last ...LL)`. */
function spell(word: string, sites: Readonly<Record<string, string>>): string {
  return `${word} (${Object.entries(sites)
    .map(([role, letters]) => `${role} ${letters}`)
    .join(", ")})`;
}
