/** @file A comparison of two models as text of at most 80 columns. */
import type { LayerDiff, ModelDiff, WeightDiff, WeightNote } from "../models/diff/model-diff.js";
import { printableLine } from "../report/printable.js";

const WIDTH = 80;
/** Weights that changed most, and weights without a counterpart, shown by name; `--json` holds them all. */
const SHOWN = 8;

/** The tables, lines ending in "\n". */
export function printDiff(
  diff: ModelDiff,
  names: { readonly base: string; readonly tuned: string },
): string {
  const nLayers = diff.layers.length - 2;
  const lines = [
    `base   ${fit(names.base, WIDTH - 7)}`,
    `tuned  ${fit(names.tuned, WIDTH - 7)}`,
    "",
    ...structureLines(diff),
    "",
    `${"layer".padEnd(10)}${"weights".padStart(8)}${"changed".padStart(9)}${"‖Δ‖/‖W‖".padStart(11)}  changed most`,
    ...diff.layers.filter(isOccupied).map((row) => layerLine(row, nLayers)),
    "",
    ...totals(diff),
    ...most(diff.weights),
    ...alone("only in the base model", diff.onlyBase),
    ...alone("only in the tuned model", diff.onlyTuned),
    ...listed("not compared (not stored as floating-point numbers)", diff.notCompared),
  ];
  return lines.map((line) => `${printableLine(line.trimEnd())}\n`).join("");
}

function structureLines({ structure }: ModelDiff): string[] {
  const column = (WIDTH - 14) / 2;
  return structure.map(({ property, base, tuned, equal }) => {
    const left = fit(String(base ?? "not stated"), column - 2).padEnd(column);
    return `${property.padEnd(12)}${equal ? "  " : "≠ "}${left}${fit(String(tuned ?? "not stated"), column)}`;
  });
}

function isOccupied({ weights, onlyOneSide }: LayerDiff): boolean {
  return weights + onlyOneSide > 0;
}

function layerLine(
  { layer, weights, changed, relative, most }: LayerDiff,
  nLayers: number,
): string {
  const name = layer === 0 ? "embedding" : layer > nLayers ? "head" : String(layer);
  const cells = [
    String(weights).padStart(8),
    String(changed).padStart(9),
    ratio(relative).padStart(11),
  ];
  return `${name.padEnd(10)}${cells.join("")}  ${fit(most ?? "", WIDTH - 40)}`;
}

function ratio(value: number | null): string {
  if (value === null) return "–";
  return value === 0 ? "0" : value.toExponential(1);
}

function totals({ weights }: ModelDiff): string[] {
  const count = (test: (weight: WeightDiff) => boolean): number => weights.filter(test).length;
  const states = [
    `${count(({ state }) => state === "identical")} identical`,
    `${count(({ state }) => state === "rounded")} equal up to rounding`,
    `${count(({ state }) => state === "changed")} changed`,
  ];
  const shared = count((weight) => weight.shared);
  const by = (["name", "place", "content"] as const).map(
    (how) => `${count(({ matchedBy }) => matchedBy === how)} by ${how}`,
  );
  return [
    `${weights.length} pairs of weights: ${states.join(", ")}`,
    `matched ${by.join(", ")}${shared === 0 ? "" : `; ${shared} are the same bytes of one file`}`,
  ];
}

function most(weights: readonly WeightDiff[]): string[] {
  const changed = weights
    .filter(({ state }) => state === "changed")
    .sort((a, b) => (b.relative ?? Infinity) - (a.relative ?? Infinity));
  if (changed.length === 0) return [];
  const head = `${"‖Δ‖/‖W‖".padStart(9)}${"max |Δ|".padStart(10)}${"cosine".padStart(9)}${"rank".padStart(6)}  weight`;
  const rows = changed.slice(0, SHOWN).map(({ relative, maxAbs, cosine, rank, name }) => {
    const cells = [
      ratio(relative).padStart(9),
      ratio(maxAbs).padStart(10),
      (cosine?.toFixed(4) ?? "–").padStart(9),
      (rank === null ? "–" : String(rank)).padStart(6),
    ];
    return `${cells.join("")}  ${fit(name, WIDTH - 36)}`;
  });
  return ["", head, ...rows, ...more(changed.length)];
}

function alone(title: string, notes: readonly WeightNote[]): string[] {
  return listed(
    title,
    notes.map(({ name, dtype, dims }) => `${name} ${dtype} [${dims.join(", ")}]`),
  );
}

function listed(title: string, rows: readonly string[]): string[] {
  if (rows.length === 0) return [];
  return [
    "",
    title,
    ...rows.slice(0, SHOWN).map((row) => `  ${fit(row, WIDTH - 2)}`),
    ...more(rows.length),
  ];
}

function more(total: number): string[] {
  return total > SHOWN ? [`  and ${total - SHOWN} more (--json lists them)`] : [];
}

/** Cuts at the front: the end of a path or of a name tells more. */
function fit(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}
