/** @file The table of the toxicity case study as text. */
import type { Tally } from "../../src/stats/intervals.js";
import type { TokenAccuracy } from "./toxicity-floor.js";
import { PAIR_KINDS, type PairKind } from "./toxicity-models.js";
import { acrossOf, share, total, type ClaimFound, type ToxicityRow } from "./toxicity-rows.js";

/** The paper's token accuracy between two models, in one direction. */
export interface FloorRow extends TokenAccuracy {
  readonly source: string;
  readonly target: string;
  readonly kind: PairKind;
}

const HEADINGS = ["direction", "IIA", "none", "permuted", "random", "full", "KL removed", "of nats"]; // prettier-ignore

/** Every row with its four directions. */
export function printRows(rows: readonly ToxicityRow[]): string {
  return rows.map(printRow).join("\n\n");
}

function printRow({ pair, kind, layer, k, verdict, labels, directions }: ToxicityRow): string {
  const n = Math.max(...directions.map(({ iia }) => iia.n));
  const said = [verdict, ...labels].join(", ");
  const optional = (tally: Tally | undefined): string => (tally === undefined ? "–" : share(tally));
  const lines = directions.map((row) => [
    ...[row.direction, share(row.iia), share(row.noIntervention), share(row.permuted)],
    ...[optional(row.randomSubspace), optional(row.fullSwap)],
    ...[row.removedShare.toFixed(3), row.floorNats.toFixed(2)],
  ]);
  return [`${pair} (${kind}), layer ${layer}, k ${k}, n ${n}: ${said}`, aligned([HEADINGS, ...lines])].join("\n"); // prettier-ignore
}

/** Floor and exact swap in the paper's count. */
export function printFloors(rows: readonly FloorRow[]): string {
  const headings = ["source → target", "kind", "floor", "exact swap", "tokens"];
  const lines = rows.map(({ source, target, kind, floor, exactSwap }) => [
    ...[`${source} → ${target}`, kind, share(floor), share(exactSwap), String(floor.n)],
  ]);
  return aligned([headings, ...lines]);
}

/** What lies between two different models, by kind of pair: the paper's order stands in the first columns without any map. */
export function printKinds(floors: readonly FloorRow[], rows: readonly ToxicityRow[]): string {
  const headings = ["between models", "floor", "exact swap", "whole state", "IIA"];
  const lines = PAIR_KINDS.map((kind) => {
    const own = floors.filter((row) => row.kind === kind);
    return [
      ...[kind, share(total(own.map(({ floor }) => floor)))],
      ...[share(total(own.map(({ exactSwap }) => exactSwap)))],
      ...[share(acrossOf(rows, kind, "fullSwap")), share(acrossOf(rows, kind))],
    ];
  });
  return aligned([headings, ...lines]);
}

/** The paper's sentences with what was found. */
export function printClaims(claims: readonly ClaimFound[]): string {
  return claims.map(({ claim, found, why }) => `“${claim}”: ${found} (${why})`).join("\n");
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => (line[i] ?? "").length))); // prettier-ignore
  return lines
    .map((line) => `  ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}
