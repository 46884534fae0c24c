/**
 * @file Variables × layers as letters, one block per position role: where things happen, at a glance.
 */
import type { SiteVerdict, VariableWord } from "../verdict/verdicts.js";
import { layersOf, rolesOf } from "./highlights.js";
import type { Result } from "./schema.js";
import type { Palette } from "./terminal-colour.js";
import { WORDS, WORD_ORDER } from "./words.js";
import { wrap } from "./wrap.js";

interface MapStyle {
  readonly paint: Palette;
  readonly columns: number;
}

const NAME = 30;
const CELL = 4;

/** Prints the map of a result; layers that do not fit beside each other continue in a further block. */
export function siteMap(result: Result, style: MapStyle): string {
  const perBlock = Math.floor((style.columns - NAME) / CELL);
  const layers = layersOf(result);
  const chunks = Array.from({ length: Math.ceil(layers.length / perBlock) }, (_, index) =>
    layers.slice(index * perBlock, (index + 1) * perBlock),
  );
  const blocks = rolesOf(result).flatMap((role) =>
    chunks.map((chunk) => printBlock(result, { role, layers: chunk, paint: style.paint })),
  );
  if (blocks.length === 0) return "";
  return [...blocks, printLegend(result, style)].join("\n");
}

interface Block {
  readonly role: string;
  readonly layers: readonly number[];
  readonly paint: Palette;
}

function printBlock(result: Result, { role, layers, paint }: Block): string {
  const title = fit(`Layer, at role "${role}"`, NAME);
  const head = title + layers.map((layer) => String(layer).padStart(CELL)).join("");
  const rows = result.variables.flatMap((variable) => {
    const sites = variable.sites.filter((site) => site.role === role);
    if (sites.length === 0) return [];
    const cells = layers.map((layer) => {
      const word = worstWord(sites.filter((site) => site.layer === layer));
      if (word === undefined) return " ".repeat(CELL);
      return " ".repeat(CELL - 1) + paint.word(word, WORDS[word].letter);
    });
    return [fit(variable.variable, NAME) + cells.join("")];
  });
  return [paint.heading(head), ...rows].map((line) => line.trimEnd()).join("\n");
}

/** Several k or seeds at one place: the map shows the worst of them. */
export function worstWord(sites: readonly SiteVerdict[]): VariableWord | undefined {
  return WORD_ORDER.find((word) => sites.some(({ verdict }) => verdict === word));
}

function printLegend(result: Result, { paint, columns }: MapStyle): string {
  const used = new Set(result.variables.flatMap(({ sites }) => sites.map((site) => site.verdict)));
  const entries = WORD_ORDER.filter((word) => [...used].some((seen) => seen === word)).map(
    (word) => `${WORDS[word].letter} = ${WORDS[word].title}`,
  );
  return wrap(entries.join(", "), columns)
    .map((line) => paint.quiet(line))
    .join("\n");
}

function fit(name: string, columns: number): string {
  const short = name.length < columns ? name : `${name.slice(0, columns - 2)}…`;
  return short.padEnd(columns);
}
