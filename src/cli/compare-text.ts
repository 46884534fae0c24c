/** @file A comparison of all layers as text of at most 80 columns. */
import { printableLine } from "../report/printable.js";
import { wrap } from "../report/wrap.js";
import { COMPARE_MEASURES, type LayerMeasure } from "../similarity/layer-measures.js";
import type { Comparison } from "../report/schema-compare.js";
import { fit, named, NONE, numberText, WIDTH } from "./compare-lines.js";
import { subNetworkLines } from "./compare-sub-networks-text.js";
import { unitLines } from "./compare-units-text.js";

const CAUTION =
  "These figures are correlative: they say how alike states are, not what the models do with them. An audit (mas-audit BASE TUNED) asks that.";

/** The table of matching layers and where the closest layers lie; lines end in "\n". */
export function printComparison(comparison: Comparison, page: string | null): string {
  const { models, prompts, matching, tables, warnings, subNetworks, units } = comparison;
  const lines = [
    `base   ${fit(models.base, WIDTH - 7)}`,
    `tuned  ${fit(models.tuned, WIDTH - 7)}`,
    ...named("from", `${prompts.n} different prompts, ${placeText(prompts.at)}; ${prompts.source}`),
    "",
    ...layerLines(comparison),
    ...(matching.length === 0
      ? ["The models differ in depth: no layer is that of the other."]
      : []),
    ...(subNetworks === undefined ? [] : [...subNetworkLines(subNetworks), ""]),
    ...(units === undefined ? [] : [...unitLines(units), ""]),
    ...warnings.flatMap((warning) => named("note", warning)),
    "",
    ...wrap(CAUTION, WIDTH),
    ...(page === null ? wrap(pageHint(tables.length), WIDTH) : [`page   ${page}`]),
  ];
  return lines.map((line) => `${printableLine(line.trimEnd())}\n`).join("");
}

function pageHint(tables: number): string {
  if (tables === 0) return "--html FILE writes a page; --json holds all figures.";
  const what = tables === 1 ? "the table" : `the ${tables} tables`;
  return `--html FILE draws ${what} of all pairs of layers; --json holds ${tables === 1 ? "it" : "them"}.`;
}

/** Where in a prompt the states are taken, in words. */
export function placeText(at: string): string {
  if (at === "last") return "last token";
  return at === "mean" ? "mean over tokens" : `last token of “${at}”`;
}

/** Columns, tables first, in the order of the figures. */
const COLUMNS: readonly { readonly of: LayerMeasure; readonly head: string }[] = [
  { of: "cka", head: "CKA" },
  { of: "rsa", head: "RSA" },
  { of: "procrustes", head: "Procr." },
  { of: "cca", head: "SVCCA" },
  { of: "cca", head: "PWCCA" },
  { of: "neighbours", head: "k-NN" },
];

/** A row per layer and what the columns are; no line where only something else is asked for. */
function layerLines(comparison: Comparison): string[] {
  const { layers, matching, tables, measures = COMPARE_MEASURES } = comparison;
  const heads = COLUMNS.filter(({ of }) => measures.includes(of)).map(({ head }) => head);
  if (heads.length === 0) return [];
  const [first] = tables;
  const by = first === undefined ? "" : `   closest by ${heads[0] ?? ""}`;
  const head = `${"layer".padEnd(7)}${heads.map((name) => name.padStart(8)).join("")}${by}`;
  const none = heads.slice(tables.length).map(() => null);
  const rows = layers.base.map((layer, i) => {
    const j = layers.tuned.indexOf(layer);
    const found = matching.find((match) => match.layer === layer);
    const same = tables.map((table) => (found && table.values[i]?.[j]) ?? null);
    const figures = found === undefined ? none : found.figures.map(({ value }) => value);
    const cells = [...same, ...figures].map((value) => numberText(value).padStart(8)).join("");
    const near = first && `   ${closest(first.values[i] ?? [], layers.tuned)}`;
    return `${String(layer).padEnd(7)}${cells}${near ?? ""}`;
  });
  return [head, ...rows, "", ...keyLines(comparison, heads)];
}

function closest(row: readonly (number | null)[], layers: readonly number[]): string {
  const known = row.flatMap((value, j) => (value === null ? [] : [{ value, layer: layers[j] }]));
  if (known.length === 0) return NONE;
  const best = known.reduce((a, b) => (b.value > a.value ? b : a));
  return `${String(best.layer)} (${numberText(best.value)})`;
}

/** What the columns are, exactly. */
function keyLines({ tables, matching }: Comparison, heads: readonly string[]): string[] {
  const figures = matching[0]?.figures ?? [];
  const lines = [...tables, ...figures].flatMap((of, i) =>
    named(heads[i] ?? "", `${of.measure}${sizeText(of)}`),
  );
  return [...lines, ""];
}

function sizeText(of: {
  readonly n: number;
  readonly nFit?: number;
  readonly chance?: number;
}): string {
  const fitted = of.nFit === undefined ? "" : `, fitted on ${of.nFit}`;
  const chance = of.chance === undefined ? "" : `, chance ${of.chance.toFixed(3)}`;
  return ` (n = ${of.n}${fitted}${chance})`;
}
