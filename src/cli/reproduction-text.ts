/** @file What running again found, for a person. */
import { printableLine } from "../report/printable.js";
import type { Difference } from "../report/result-differences.js";

/** What running again found. */
export interface Reproduction {
  readonly schema: "mas-audit/reproduction@1";
  readonly identical: boolean;
  /** Whether every verdict, label and reason is the same, whatever the numbers are. */
  readonly sameWords: boolean;
  readonly cells: number;
  readonly differences: readonly Difference[];
  /** Programs and devices that are not those of the stored result. */
  readonly otherMakers: readonly Difference[];
}

/** Differences that are shown; --json prints all. */
const SHOWN = 8;

/** The outcome as text, lines ending in "\n". */
export function printReproduction(found: Reproduction): string {
  const { identical, sameWords, cells, differences, otherMakers } = found;
  const count = differences.length;
  const words = sameWords ? "every word is the same" : "words differ";
  const lines = [
    identical
      ? `reproduced: every number and every word of ${cells} cells is the same`
      : `DIFFERS in ${count} ${count === 1 ? "place" : "places"}; ${words}`,
    ...differences.slice(0, SHOWN).map(differenceText),
    ...(count > SHOWN ? [`  and ${count - SHOWN} more; --json prints all`] : []),
    ...otherMakers.map(({ path, was, is }) => `note: ${path} was ${was}, is ${is}`),
  ];
  return lines.map((line) => `${printableLine(line)}\n`).join("");
}

function differenceText({ path, was, is }: Difference): string {
  return `  ${path}: was ${was}, is ${is}`;
}
