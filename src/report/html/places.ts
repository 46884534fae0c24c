/** @file Where things stand on the page: names of anchors, and the sites of a variable by their place. */
import { worstWord } from "../site-map.js";
import type { Result } from "../schema.js";
import type { SiteVerdict, VariableVerdict, VariableWord } from "../../verdict/verdicts.js";

/** A site with its number within its variable. */
export interface PlacedSite {
  readonly site: SiteVerdict;
  readonly index: number;
}

/** One row of the map: a variable at one position role. */
export interface MapRow {
  readonly variable: VariableVerdict;
  /** Number of the variable within the result. */
  readonly at: number;
  readonly role: string;
  readonly sites: readonly PlacedSite[];
}

/** One cell of the map; of several k or seeds it shows the worst. */
export interface MapCell {
  readonly word: VariableWord;
  readonly href: string;
  readonly layer: number;
  /** Fewest and most trials. */
  readonly n: readonly [number, number];
}

/** Anchor of a variable's section. */
export function variableId(at: number): string {
  return `variable-${at}`;
}

/** Anchor of a site's detail. */
export function siteId(at: number, index: number): string {
  return `site-${at}-${index}`;
}

/** Rows of the map in the order of the variables and of their roles. */
export function mapRows({ variables }: Result): readonly MapRow[] {
  return variables.flatMap((variable, at) => {
    const placed = variable.sites.map((site, index) => ({ site, index }));
    const roles = [...new Set(variable.sites.map(({ role }) => role))];
    return roles.map((role) => {
      const sites = placed.filter(({ site }) => site.role === role);
      return { variable, at, role, sites };
    });
  });
}

/** The cell of a row at a layer; nothing where none was measured. */
export function cellAt({ at, sites }: MapRow, layer: number): MapCell | undefined {
  const here = sites.filter(({ site }) => site.layer === layer);
  const word = worstWord(here.map(({ site }) => site));
  const worst = here.find(({ site }) => site.verdict === word);
  if (word === undefined || worst === undefined) return undefined;
  const n = here.map(({ site }) => site.n);
  return {
    word,
    layer,
    href: `#${siteId(at, worst.index)}`,
    n: [Math.min(...n), Math.max(...n)],
  };
}

/** Words that occur among the sites. */
export function usedWords({ variables }: Result): ReadonlySet<VariableWord> {
  return new Set(variables.flatMap(({ sites }) => sites.map(({ verdict }) => verdict)));
}
