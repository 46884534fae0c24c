/** @file The units of a comparison in words: what every view prints. */
import { signed } from "./figure-text.js";
import type { UnitsPart } from "./schema-units.js";

type Figure = UnitsPart["pairs"][number]["figures"][number];

/** A figure with its chances over all pairs. */
interface NamedFigure extends Figure {
  /** From least to most; absent where no pair has one. */
  readonly chances?: readonly [least: number, most: number];
}

/** The figures that pairs have, in order, each once; those of the first pair that has any. */
export function figuresOf({ pairs }: UnitsPart): readonly NamedFigure[] {
  const figures = pairs.find((pair) => pair.figures.length > 0)?.figures ?? [];
  return figures.map((figure, at) => {
    const chances = pairs.flatMap((pair) => pair.figures[at]?.chance ?? []);
    if (chances.length === 0) return figure;
    return { ...figure, chances: [Math.min(...chances), Math.max(...chances)] as const };
  });
}

/** What a figure is, its n, and its chance. */
export function figureText({ measure, n, nFit, chances }: NamedFigure): string {
  const fitted = nFit === null ? "" : `, fitted on ${nFit}`;
  const [least, most] = (chances ?? []).map((chance) => signed(chance, 3));
  const chance =
    least === undefined || most === undefined
      ? ""
      : `, chance ${least === most ? least : `${least} to ${most}`}`;
  return `${measure} (n = ${n}${fitted}${chance})`;
}

/** Pairs without figures, and figures without values, with their reasons; each reason once per pair. */
export function reasonsOf({ pairs }: UnitsPart): readonly string[] {
  return pairs.flatMap(({ base, tuned, reason, figures }) => {
    const where = `base layer ${base}, tuned layer ${tuned}`;
    const without = figures.filter((figure) => figure.reason !== null);
    const own = [...new Set(without.map((figure) => figure.reason))].map((each) => {
      const names = without.flatMap((figure) => (figure.reason === each ? [figure.name] : []));
      return `${where}, ${names.join(" and ")}: undefined, ${each ?? ""}`;
    });
    return reason === null ? own : [`${where}: undefined, ${reason}`];
  });
}
