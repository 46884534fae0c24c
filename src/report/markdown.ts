/**
 * @file The result as Markdown for a comment on a pull request: the verdict first, the map as a table, details folded
 * away. Every text that comes from outside is escaped, and the whole fits a comment.
 */
import type { SiteVerdict, VariableVerdict } from "../verdict/verdicts.js";
import { excuseSentences } from "./excuse-text.js";
import { measureText, percentText, sentence } from "./figure-text.js";
import { headline, layersOf, placeText, rolesOf, worstSite, worstVariable } from "./highlights.js";
import { markdownComparison } from "./markdown-comparison.js";
import { escapeMarkdown, markdownCode } from "./markdown-escape.js";
import { RESULT_FILE, type Result } from "./schema.js";
import { worstWord } from "./site-map.js";
import { RUN_WORDS, WORDS, WORD_ORDER } from "./words.js";

/** GitHub refuses comments above 65,536 characters; the rest is for whoever puts words around this one. */
export const MOST_CHARACTERS = 60_000;

/** Renders a result as Markdown of at most {@link MOST_CHARACTERS} characters; details are left out first, and said so. */
export function renderMarkdown(result: Result): string {
  const head = [
    printHead(result),
    printList("Not tested", result.notTested),
    printList(
      "Warnings",
      result.warnings.map(({ code, message, hint }) =>
        [`${code}: ${sentence(message)}`, ...(hint === undefined ? [] : [sentence(hint)])].join(
          " ",
        ),
      ),
    ),
  ];
  const tail = [printFoot(result)];
  const optional = [
    ...rolesOf(result).map((role) => printMap(result, role)),
    printLegend(result),
    ...(result.comparison === undefined ? [] : [markdownComparison(result.comparison)]),
    ...result.variables.map(printDetails),
  ];
  return fit({ head, optional, tail });
}

interface Sections {
  readonly head: readonly string[];
  readonly optional: readonly string[];
  readonly tail: readonly string[];
}

/** Leaves out optional sections from the last one on until the rest fits; at worst the text is cut between two lines. */
function fit({ head, optional, tail }: Sections): string {
  const note = leftOut(optional.length);
  let room = MOST_CHARACTERS - joinSections([...head, note, ...tail]).length;
  const tooLong = optional.findIndex((section) => (room -= section.length + 2) < 0);
  if (tooLong < 0) return joinSections([...head, ...optional, ...tail]);
  const left = leftOut(optional.length - tooLong);
  const text = joinSections([...head, ...optional.slice(0, tooLong), left, ...tail]);
  if (text.length <= MOST_CHARACTERS) return text;
  const cut = text.slice(0, MOST_CHARACTERS - note.length - 3);
  return `${cut.slice(0, cut.lastIndexOf("\n"))}\n\n${note}\n`;
}

function leftOut(sections: number): string {
  return `_Up to ${sections} further sections do not fit into a comment; they stand in ${markdownCode(RESULT_FILE)} and its report._`;
}

function joinSections(sections: readonly string[]): string {
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function printHead(result: Result): string {
  const { title, meaning } = RUN_WORDS[result.verdict];
  const lines = [
    `## mas-audit: ${title}`,
    `**${escapeMarkdown(headline(result))}** ${escapeMarkdown(sentence(meaning))}`,
    ...excuseSentences(result).map((each) => escapeMarkdown(sentence(each))),
    printWorst(result),
  ];
  return lines.filter((line) => line !== "").join("\n\n");
}

function printWorst(result: Result): string {
  const variable = worstVariable(result) ?? result.variables[0];
  const worst = variable === undefined ? undefined : worstSite(variable);
  if (variable === undefined || worst === undefined) return "";
  const { site, quantity, direction, measure } = worst;
  const figure = `${quantity} ${direction} ${measureText(measure)}, n = ${measure.n}`;
  return `Worst site: “${escapeMarkdown(variable.variable)}” at ${escapeMarkdown(placeText(site))}: ${escapeMarkdown(figure)} (${percentText(result.policy.confidence)} interval).`;
}

function printList(title: string, entries: readonly string[]): string {
  if (entries.length === 0) return "";
  return [`**${title}**`, entries.map((entry) => `- ${escapeMarkdown(entry)}`).join("\n")].join(
    "\n\n",
  );
}

/** One table per role: variables × layers, letters as in the other views. */
function printMap(result: Result, role: string): string {
  const layers = layersOf(result);
  const head = ["layer", ...layers.map(String)];
  const rows = result.variables.flatMap((variable) => {
    const sites = variable.sites.filter((site) => site.role === role);
    if (sites.length === 0) return [];
    const letters = layers.map((layer) => {
      const word = worstWord(sites.filter((site) => site.layer === layer));
      return word === undefined ? "" : escapeMarkdown(WORDS[word].letter);
    });
    return [[escapeMarkdown(variable.variable), ...letters]];
  });
  const rule = ["---", ...layers.map(() => ":-:")];
  return [`**Role “${escapeMarkdown(role)}”**`, "", ...[head, rule, ...rows].map(tableRow)].join(
    "\n",
  );
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function printLegend(result: Result): string {
  const used = result.variables.flatMap(({ sites }) => sites.map(({ verdict }) => verdict));
  const entries = WORD_ORDER.filter((word) => used.some((seen) => seen === word)).map(
    (word) => `${escapeMarkdown(WORDS[word].letter)} = ${WORDS[word].title}`,
  );
  return entries.join(", ");
}

function printDetails(variable: VariableVerdict): string {
  const name = `${escapeMarkdown(variable.variable)} (${escapeMarkdown(variable.audit)})`;
  const labels = variable.labels.length === 0 ? "" : ` [${variable.labels.join(", ")}]`;
  const rows = variable.sites.map(siteRow);
  const table =
    rows.length === 0
      ? []
      : [
          "",
          tableRow(["role", "layer", "k", "verdict", "base→tuned", "tuned→base", "n"]),
          tableRow(["---", "--:", "--:", "---", "---", "---", "--:"]),
          ...rows,
          "",
          "Ratios to the target's own effect, with intervals; — where none was asked for.",
        ];
  return [
    "<details>",
    `<summary>${name}: ${WORDS[variable.verdict].title}${escapeMarkdown(labels)}</summary>`,
    "",
    ...variable.reasons.map((reason) => `- ${escapeMarkdown(reason)}`),
    ...table,
    "",
    "</details>",
  ].join("\n");
}

function siteRow({ layer, role, k, verdict, ratio, n }: SiteVerdict): string {
  return tableRow([
    escapeMarkdown(role),
    String(layer),
    String(k),
    WORDS[verdict].title,
    escapeMarkdown(measureText(ratio["base→tuned"])),
    escapeMarkdown(measureText(ratio["tuned→base"])),
    String(n),
  ]);
}

function printFoot({ manifest }: Result): string {
  const { tool, timing } = manifest;
  const command = timing.command.join(" ");
  return `mas-audit ${tool.version}, ${timing.startedAt.slice(0, 10)}: ${markdownCode(command)}`;
}
