/**
 * @file The comparison with an earlier result as a section of the Markdown view.
 */
import {
  changedSites,
  changesText,
  figureText,
  sitePlace,
  sitesText,
  tellingFigure,
  wordsText,
} from "./comparison-text.js";
import { ABSENT, sentence } from "./figure-text.js";
import { escapeMarkdown } from "./markdown-escape.js";
import type { Comparison, VariableComparison } from "./schema-comparison.js";

/** Sites of a variable that are told. */
const SHOWN = 5;

/** One row per variable, the sites that changed most, and what makes the two hard to compare. */
export function markdownComparison(comparison: Comparison): string {
  const rows = comparison.variables.map((each) =>
    [
      `${escapeMarkdown(each.variable)} (${escapeMarkdown(each.audit)})`,
      each.change === "worse" ? "**worse**" : each.change,
      wordsText(each),
      sitesText(each) || ABSENT,
    ].join(" | "),
  );
  return [
    `**Against the baseline: ${changesText(comparison)}**`,
    "",
    "| variable | change | verdict | sites |",
    "| --- | --- | --- | --- |",
    ...rows.map((row) => `| ${row} |`),
    ...listSites(comparison.variables),
    ...listRemarks(comparison),
  ].join("\n");
}

function listSites(variables: readonly VariableComparison[]): readonly string[] {
  const entries = variables.flatMap((variable) =>
    changedSites(variable)
      .slice(0, SHOWN)
      .map((site) => {
        const figure = tellingFigure(site);
        const place = `${site.change}: “${variable.variable}” at ${sitePlace(site)}, ${wordsText(site)}`;
        return escapeMarkdown(figure === undefined ? place : `${place}; ${figureText(figure)}`);
      }),
  );
  return entries.length === 0 ? [] : ["", ...entries.map((entry) => `- ${entry}`)];
}

function listRemarks({ remarks }: Comparison): readonly string[] {
  if (remarks.length === 0) return [];
  return ["", ...remarks.map(({ message }) => `- ${escapeMarkdown(sentence(message))}`)];
}
