/** @file The units of a comparison as lines of at most 80 columns. */
import type { UnitsPart } from "../report/schema-units.js";
import { figuresOf, figureText, reasonsOf } from "../report/units-text.js";
import { named, numberText, WIDTH } from "./compare-lines.js";
import { wrap } from "../report/wrap.js";

/** The columns that fit; the page and the JSON hold all figures. */
const SHOWN: readonly string[] = ["r semi", "r bip", "r same", "I bip", "R²", "units", "shared", "cos"]; // prettier-ignore
const COLUMN = 8;

/** A row per pair of layers, and what the columns are. */
export function unitLines(part: UnitsPart): string[] {
  const figures = figuresOf(part);
  const shown = figures.filter(({ name }) => SHOWN.includes(name));
  const rows = part.pairs.map(({ base, tuned, figures: own }) => {
    const name = base === tuned ? String(base) : `${base}–${tuned}`;
    const cells = shown.map((head) => {
      const value = own.find((figure) => figure.name === head.name)?.value ?? null;
      return numberText(value).padStart(COLUMN);
    });
    return name.padEnd(7) + cells.join("");
  });
  const chance = `chance: ${part.chance}`;
  return [
    ...wrap(`Units (${part.of}; ${chance})`, WIDTH),
    "layer".padEnd(7) + shown.map(({ name }) => name.padStart(COLUMN)).join(""),
    ...rows,
    "",
    ...shown.flatMap((figure) => named(figure.name, figureText(figure))),
    ...reasonsOf(part).flatMap((reason) => named("note", reason)),
  ];
}
