/**
 * @file Colours of the terminal view; every one of them stands beside a word that says the same.
 */
import type { Colors } from "picocolors/types.js";

import type { RunWord, VariableWord } from "../verdict/verdicts.js";

/** Paints text by its meaning. */
export interface Palette {
  readonly heading: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly word: (word: VariableWord, text: string) => string;
  readonly run: (word: RunWord, text: string) => string;
}

/** A palette over the given escape codes. */
export function paletteOf(colours: Colors): Palette {
  const words = {
    fails: colours.red,
    lost: colours.magenta,
    moved: colours.cyan,
    gained: colours.cyan,
    transfers: colours.green,
    absent: colours.dim,
    inconclusive: colours.yellow,
    "not-measurable": colours.dim,
  } as const satisfies Record<VariableWord, unknown>;
  const runs = {
    pass: colours.green,
    fail: colours.red,
    inconclusive: colours.yellow,
    "not-measurable": colours.yellow,
  } as const satisfies Record<RunWord, unknown>;
  return {
    heading: (text) => colours.bold(text),
    quiet: (text) => colours.dim(text),
    word: (word, text) => words[word](text),
    run: (word, text) => colours.bold(runs[word](text)),
  };
}
