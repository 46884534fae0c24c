/**
 * @file A comparison with an earlier result in words: what every view of it prints.
 */
import { plural, valueText, intervalText } from "./figure-text.js";
import type {
  Change,
  Comparison,
  FigureComparison,
  SiteComparison,
  VariableComparison,
} from "./schema-comparison.js";

/** In the order in which they matter. */
export const CHANGES: readonly Change[] = ["worse", "gone", "new", "better", "same"];

/** `2 worse, 1 better, 3 the same`. */
export function changesText({ variables }: Comparison): string {
  const counted = CHANGES.flatMap((change) => {
    const count = variables.filter((each) => each.change === change).length;
    return count === 0 ? [] : [`${count} ${change === "same" ? "the same" : change}`];
  });
  return counted.length === 0 ? "nothing to compare" : counted.join(", ");
}

/** `transfers → fails`; one word where nothing changed, or where there is one side only. */
export function wordsText({
  before,
  after,
}: Pick<VariableComparison | SiteComparison, "before" | "after">): string {
  if (before === undefined || after === undefined) return before ?? after ?? "";
  return before === after ? after : `${before} → ${after}`;
}

/** Sites that got worse or better, worse ones first, the largest differences first. */
export function changedSites({ sites }: VariableComparison): readonly SiteComparison[] {
  const size = (site: SiteComparison): number =>
    Math.max(0, ...site.figures.map(({ difference }) => absolute(difference)));
  return sites
    .filter(({ change }) => change === "worse" || change === "better")
    .sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) || size(b) - size(a));
}

function absolute(difference: FigureComparison["difference"]): number {
  return difference.kind === "value" ? Math.abs(difference.value) : 0;
}

/** The figure of a site that changed most, among those whose change is that of the site where there are any. */
export function tellingFigure(site: SiteComparison): FigureComparison | undefined {
  const alike = site.figures.filter(({ change }) => change === site.change);
  const [first, ...rest] = alike.length > 0 ? alike : site.figures;
  if (first === undefined) return undefined;
  return rest.reduce(
    (best, next) => (absolute(next.difference) > absolute(best.difference) ? next : best),
    first,
  );
}

/** `IIA base→tuned 288 of 300 → 255 of 300: −0.110 [−0.151, −0.073], p = 0.0002, paired`. */
export function figureText(figure: FigureComparison): string {
  const { quantity, direction, before, after, difference, adjustedP, paired } = figure;
  const rates = `${before.hits} of ${before.n} → ${after.hits} of ${after.n}`;
  const change =
    difference.kind === "value"
      ? `${valueText(difference)} ${intervalText(difference)}`
      : `undefined: ${difference.reason}`;
  return `${quantity} ${direction} ${rates}: ${change}, ${pText(adjustedP)}, ${paired ? "paired" : "unpaired"}`;
}

function pText(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
}

/** `layer 12, role “last”`, with its k where that changed. */
export function sitePlace({ layer, role, k, kBefore }: SiteComparison): string {
  return `layer ${layer}, role “${role}”${kBefore === undefined ? "" : `, k ${kBefore} → ${k}`}`;
}

/** `3 sites worse, 1 better`; empty where no site changed. */
export function sitesText({ sites }: VariableComparison): string {
  const parts = CHANGES.filter((change) => change !== "same").flatMap((change) => {
    const count = sites.filter((site) => site.change === change).length;
    return count === 0 ? [] : [`${plural(count, "site")} ${change}`];
  });
  return parts.join(", ");
}
