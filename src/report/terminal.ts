/**
 * @file The result on a terminal: at most 80 columns, readable without colour, nothing that the result does not hold.
 */
import Table from "cli-table3";
import { join } from "node:path";
import { createColors } from "picocolors";

import type { VariableVerdict } from "../verdict/verdicts.js";
import { ABSENT, countText, measureText, percentText, sentence } from "./figure-text.js";
import { excuseSentences } from "./excuse-text.js";
import { headline, worstSite } from "./highlights.js";
import { printableData, printableLine } from "./printable.js";
import { REPORT_FILE, type Result } from "./schema.js";
import { terminalComparison } from "./terminal-comparison.js";
import { siteMap } from "./site-map.js";
import { paletteOf, type Palette } from "./terminal-colour.js";
import { RUN_WORDS, WORDS } from "./words.js";
import { wrap } from "./wrap.js";

/** How {@link renderTerminal} prints. */
export interface TerminalStyle {
  /** Escape codes may be used (a terminal, and no NO_COLOR). */
  readonly colour: boolean;
  /** The output folder; its report is named at the end. */
  readonly folder?: string;
}

const COLUMNS = 80;

/** Prints a result for a person: headline, one row per variable, a map of sites, accuracy, what was not tested. */
export function renderTerminal(given: Result, style: TerminalStyle): string {
  const result = printableData(given);
  const paint = paletteOf(createColors(style.colour));
  const sections = [
    printHeadline(result, paint),
    printSentences("Allowed and waived", excuseSentences(result), paint),
    printVariables(result, paint),
    siteMap(result, { paint, columns: COLUMNS }),
    printAccuracy(result, paint),
    result.comparison === undefined
      ? ""
      : terminalComparison(result.comparison, { paint, columns: COLUMNS }),
    printSentences("Not tested", result.notTested, paint),
    printSentences(
      "Warnings",
      result.warnings.map(({ code, message, hint }) =>
        hint === undefined ? `${code} ${message}` : `${code} ${message}; ${hint}`,
      ),
      paint,
    ),
    style.folder === undefined
      ? ""
      : `${paint.heading("Report")}  ${printableLine(join(style.folder, REPORT_FILE))}`,
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function printHeadline(result: Result, paint: Palette): string {
  const { title, meaning } = RUN_WORDS[result.verdict];
  const word = title.toUpperCase();
  const indent = word.length + 2;
  return wrap(`${headline(result)} ${sentence(meaning)}`, COLUMNS - indent)
    .map((line, index) => {
      const lead = index === 0 ? paint.run(result.verdict, word) + "  " : " ".repeat(indent);
      return lead + line;
    })
    .join("\n");
}

/** Three columns; the reason stands below its row, because reasons are sentences. */
function printVariables(result: Result, paint: Palette): string {
  const table = openTable([16, 20, 44]);
  table.push(["Verdict", "Variable (audit)", "Worst site, with interval"].map(paint.heading));
  for (const variable of result.variables) {
    table.push(BLANK_ROW, [
      paint.word(variable.verdict, WORDS[variable.verdict].title),
      `${variable.variable}\n(${variable.audit})`,
      worstText(variable),
    ]);
    const [reason] = variable.reasons;
    if (reason !== undefined) table.push(["", { colSpan: 2, content: paint.quiet(reason) }]);
  }
  return trimLines(table.toString());
}

const BLANK_ROW = [{ colSpan: 3, content: "" }];

function worstText(variable: VariableVerdict): string {
  const worst = worstSite(variable);
  if (worst === undefined) return ABSENT;
  const { site, quantity, measure } = worst;
  return (
    `layer ${site.layer}, role ${site.role}, n = ${measure.n}:\n` +
    `${quantity} ${worst.direction} ${measureText(measure)}`
  );
}

function printAccuracy(result: Result, paint: Palette): string {
  if (result.audits.length === 0) return "";
  const table = openTable([28, 14, 14, 12, 12]);
  table.push(["Without intervention", "base", "tuned", "base", "tuned"].map(paint.heading));
  table.push(["", "right", "right", "mass", "mass"].map(paint.quiet));
  for (const { variable, natural } of result.audits) {
    const { base, tuned } = natural;
    table.push([
      variable,
      countText(base.accuracy),
      countText(tuned.accuracy),
      percentText(base.answerMass),
      percentText(tuned.answerMass),
    ]);
  }
  const legend = "right: items answered rightly; mass: probability that the answer classes hold";
  return [trimLines(table.toString()), ...wrap(legend, COLUMNS).map(paint.quiet)].join("\n");
}

function printSentences(title: string, sentences: readonly string[], paint: Palette): string {
  if (sentences.length === 0) return "";
  const lines = sentences.flatMap((sentence) =>
    wrap(sentence, COLUMNS - 2).map((line, index) => (index === 0 ? "- " : "  ") + line),
  );
  return [paint.heading(title), ...lines].join("\n");
}

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
} as const;

function openTable(colWidths: number[]): Table.Table {
  return new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 2, head: [], border: [] },
    colWidths,
    wordWrap: true,
  });
}

function trimLines(text: string): string {
  return text.replace(/[ \t]+$/gm, "");
}
