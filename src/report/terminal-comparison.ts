/**
 * @file The comparison with an earlier result on a terminal: one line per variable, then the sites that changed most.
 */
import { changedSites, changesText, figureText, sitePlace, sitesText, tellingFigure, wordsText } from "./comparison-text.js"; // prettier-ignore
import { sentence } from "./figure-text.js";
import type { Change, Comparison, VariableComparison } from "./schema-comparison.js";
import type { Palette } from "./terminal-colour.js";
import { wrap } from "./wrap.js";

interface Style {
  readonly paint: Palette;
  readonly columns: number;
}

/** Sites of a variable that are told. */
const SHOWN = 3;

/** A change by a sign of its own, so that it can be told without colour. */
const SIGNS: Readonly<Record<Change, string>> = {
  worse: "−",
  better: "+",
  same: "=",
  new: "*",
  gone: "x",
};

/** Prints a comparison. */
export function terminalComparison(comparison: Comparison, style: Style): string {
  const lines = [
    style.paint.heading(`Against the baseline: ${changesText(comparison)}`),
    ...comparison.variables.flatMap((variable) => printVariable(variable, style)),
    ...comparison.remarks.flatMap(({ message }) => list(sentence(message), "- ", style)),
  ];
  return lines.join("\n");
}

function printVariable(each: VariableComparison, style: Style): readonly string[] {
  const { variable, audit, change } = each;
  const sites = sitesText(each);
  const line = `${change}: ${variable} (${audit}) ${wordsText(each)}${sites === "" ? "" : `; ${sites}`}`;
  const details = changedSites(each)
    .slice(0, SHOWN)
    .flatMap((site) => {
      const figure = tellingFigure(site);
      const told = figure === undefined ? wordsText(site) : figureText(figure);
      return list(`${site.change} at ${sitePlace(site)}: ${told}`, "    ", style);
    });
  return [...list(line, `${SIGNS[change]} `, style), ...details.map(style.paint.quiet)];
}

function list(text: string, mark: string, { columns }: Style): readonly string[] {
  return wrap(text, columns - mark.length).map((line, index) =>
    index === 0 ? mark + line : " ".repeat(mark.length) + line,
  );
}
