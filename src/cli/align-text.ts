/** @file Aligned networks as text of at most 80 columns: who gives (rows) to whom (columns), and what is said of each pair. */
import { wrap } from "../report/wrap.js";
import { printableLine } from "../report/printable.js";
import type { Alignment, AlignmentDirection, AlignmentRun } from "../report/schema-alignment.js";
import { writeMeasure, writeNumber } from "../verdict/sentences.js";
import type { Measure } from "../verdict/verdicts.js";

const WIDTH = 80;
const NONE = "–";

/** The whole alignment; lines end in "\n". */
export function printAlignment(alignment: Alignment): string {
  const { method, map, blocks, runs, closed, reference, stepwise } = alignment;
  const names = runs[0]?.networks.map(({ name }) => name) ?? [];
  const lines = [
    `${method}, ${map} map; ${blocks.map(({ name, k }) => `${name} (k = ${k})`).join(", ")}`,
    ...(stepwise === undefined ? [] : ["stepwise: all positions up to the place exchanged"]),
    ...(closed.length === 0 ? [] : [`closed: ${closed.join(", ")}`]),
    ...(reference === undefined ? [] : [`learned only in pairs with ${reference}; * never met`]),
    "",
    ...networkLines(runs),
    ...exchanged(alignment).flatMap((name) => ["", ...matrixLines(runs, { name, names })]),
    "",
    ...wrap(
      "null: the largest of no exchange, permuted sources and random subspaces; dist: distance of patched states from natural ones (1 = natural)",
      WIDTH,
    ),
    ...transitivityLines(alignment),
    ...pairLines(runs),
    ...similarityLines(runs),
    ...sizeLines(alignment),
  ];
  return lines.map((line) => `${printableLine(line.trimEnd())}\n`).join("");
}

function networkLines(runs: readonly AlignmentRun[]): string[] {
  const [first] = runs;
  return (first?.networks ?? []).flatMap(({ name, task, d, natural }, i) =>
    wrap(
      `${letter(i)}  ${name}: ${task}, d = ${d}, right naturally ${natural.hits} of ${natural.n}`,
      WIDTH,
    ),
  );
}

/** A, B, …, Z, AA, …: columns of 80 have no room for names. */
function letter(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : `${letter(Math.floor(index / 26) - 1)}${last}`;
}

function exchanged({ runs }: Alignment): readonly string[] {
  return [...new Set(runs.flatMap(({ directions }) => directions.map((of) => of.exchanges)))];
}

const COLUMN = 12;

function matrixLines(
  runs: readonly AlignmentRun[],
  { name, names }: { readonly name: string; readonly names: readonly string[] },
): string[] {
  const rows = names.map((source, i) => {
    const cells = names.map((target) => {
      const found = runs.flatMap(({ directions }) =>
        directions.filter(
          (of) => of.source === source && of.target === target && of.exchanges === name,
        ),
      );
      return cell(found).padStart(COLUMN);
    });
    return `${letter(i).padEnd(4)}${cells.join("")}`;
  });
  const nulls = names.map((target) =>
    nullText(directionsInto(runs, { name, target })).padStart(COLUMN),
  );
  const n = runs[0]?.directions[0]?.iia;
  const trials = n?.kind === "value" ? `n = ${n.n}` : "";
  const seeds = runs.length === 1 ? "" : `; least–most of ${runs.length} seeds`;
  const apart = names.map((target) =>
    apartText(directionsInto(runs, { name, target })).padStart(COLUMN),
  );
  return [
    ...wrap(
      `Interchange accuracy of ${name} by trial (rows give, columns take; ${trials}${seeds})`,
      WIDTH,
    ),
    `${"".padEnd(4)}${names.map((_, i) => letter(i).padStart(COLUMN)).join("")}`,
    ...rows,
    `${"null".padEnd(4)}${nulls.join("")}`,
    `${"dist".padEnd(4)}${apart.join("")}`,
  ];
}

function cell(found: readonly AlignmentDirection[]): string {
  const values = found.flatMap(({ iia }) => valuesOf(iia));
  const mark = found.every(({ learned }) => learned) ? "" : "*";
  return values.length === 0 ? NONE : `${span(values)}${mark}`;
}

function span(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(writeNumber);
  return least === most ? String(least) : `${String(least)}–${String(most)}`;
}

/** All directions of one exchange into a target. */
function directionsInto(
  runs: readonly AlignmentRun[],
  { name, target }: { readonly name: string; readonly target: string },
): readonly AlignmentDirection[] {
  return runs.flatMap(({ directions }) =>
    directions.filter((of) => of.target === target && of.exchanges === name),
  );
}

/** Largest null of directions. */
function nullText(directions: readonly AlignmentDirection[]): string {
  const values = directions.flatMap(({ noIntervention, permuted, randomSubspace }) =>
    [noIntervention, permuted, randomSubspace].flatMap(valuesOf),
  );
  return values.length === 0 ? NONE : writeNumber(Math.max(...values));
}

/** Divergences of patched states, least to most. */
function apartText(directions: readonly AlignmentDirection[]): string {
  const values = directions.flatMap(({ divergence }) =>
    divergence === undefined ? [] : [divergence.ratio],
  );
  return values.length === 0 ? NONE : span(values);
}

/** The value of a measure, where it has one. */
function valuesOf(measure: Measure): readonly number[] {
  return measure.kind === "value" ? [measure.value] : [];
}

function pairLines(runs: readonly AlignmentRun[]): string[] {
  if (runs.every(({ pairs }) => pairs.length === 0)) return [];
  const lines = runs.flatMap(({ seed, pairs }) =>
    pairs.flatMap(({ base, tuned, exchanges, verdict, ratio, reasons }) => {
      const both = (["base→tuned", "tuned→base"] as const).map((key) => writeMeasure(ratio[key]));
      const figures = verdict === "transfers" || verdict === "fails" ? `: ${both.join(", ")}` : "";
      const seedText = runs.length === 1 ? "" : ` (seed ${seed})`;
      const line = `${base} – ${tuned}, ${exchanges}${seedText}: ${verdict}${figures}`;
      return [
        ...wrap(line, WIDTH),
        ...(figures === "" ? reasons.flatMap((reason) => indented(reason)) : []),
      ];
    }),
  );
  return ["", "Pairs: share of the target's own effect that arrives, there and back", ...lines];
}

function indented(text: string): string[] {
  return wrap(text, WIDTH - 4).map((line) => `    ${line}`);
}

/** What maps learned only with the reference do between networks that never met: mean accuracies over directions. */
function transitivityLines({ runs, reference }: Alignment): string[] {
  if (reference === undefined) return [];
  const across = runs.flatMap(({ directions }) =>
    directions.filter(({ source, target }) => source !== target),
  );
  const said = (
    [
      ["met in learning", true],
      ["never met", false],
    ] as const
  ).map(([words, met]) => {
    const values = across
      .filter(({ learned }) => learned === met)
      .flatMap(({ iia }) => valuesOf(iia));
    if (values.length === 0) return `${words} –`;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return `${words} ${writeNumber(mean)} (${span(values)}, ${values.length} directions)`;
  });
  return ["", ...wrap(`Transitivity: ${said.join("; ")}`, WIDTH)];
}

function similarityLines(runs: readonly AlignmentRun[]): string[] {
  const [first] = runs;
  const all = first?.similarities ?? [];
  if (all.length === 0) return [];
  const measures = [...new Set(all.map(({ measure }) => measure))];
  return [
    "",
    ...wrap(`How alike the natural states are (correlative; ${measures.join(" | ")})`, WIDTH),
    ...pairsOf(all).flatMap((pair) => {
      const found = all.filter(({ base, tuned }) => `${base} – ${tuned}` === pair);
      const values = found.map(({ value }) => (value === null ? NONE : writeNumber(value)));
      return wrap(`${pair}: ${values.join(" | ")}`, WIDTH);
    }),
  ];
}

function pairsOf(all: AlignmentRun["similarities"]): readonly string[] {
  return [...new Set(all.map(({ base, tuned }) => `${base} – ${tuned}`))];
}

function sizeLines({ blocks, runs }: Alignment): string[] {
  const learned = runs.filter(({ sizes }) => sizes.some((size, i) => size !== blocks[i]?.k));
  return learned.map(
    ({ seed, sizes }) =>
      `learned sizes (seed ${seed}): ${sizes.map((size, i) => `${blocks[i]?.name ?? ""} ${size}`).join(", ")}`,
  );
}
