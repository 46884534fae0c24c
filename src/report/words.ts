/**
 * @file The verdict words as readers meet them: a letter for maps, a sentence for legends, a predicate for headlines.
 */
import type { RunWord, VariableWord } from "../verdict/verdicts.js";

/** How one verdict word is shown. */
export interface WordView {
  /** One column wide; also read aloud beside its word in the legend. */
  readonly letter: string;
  /** The word as printed. */
  readonly title: string;
  /** "the variable …" */
  readonly meaning: string;
  /** Continues a list of variables in the headline; singular and plural. */
  readonly predicate: readonly [one: string, many: string];
}

/** One row per word, worst first; legends follow this order. */
export const WORDS: Readonly<Record<VariableWord, WordView>> = {
  fails: {
    letter: "F",
    title: "fails",
    meaning: "both models encode it, but it cannot be exchanged in every direction compared",
    predicate: ["fails", "fail"],
  },
  lost: {
    letter: "L",
    title: "lost",
    meaning: "only the base encodes it",
    predicate: ["is lost", "are lost"],
  },
  moved: {
    letter: "M",
    title: "moved",
    meaning: "lost at some sites, transferring at later ones",
    predicate: ["has moved", "have moved"],
  },
  gained: {
    letter: "G",
    title: "gained",
    meaning: "only the tuned model encodes it",
    predicate: ["is gained", "are gained"],
  },
  inconclusive: {
    letter: "?",
    title: "inconclusive",
    meaning: "the intervals do not decide",
    predicate: ["is undecided", "are undecided"],
  },
  transfers: {
    letter: "T",
    title: "transfers",
    meaning: "both models encode it and it can be exchanged in every direction compared",
    predicate: ["transfers", "transfer"],
  },
  absent: {
    letter: ".",
    title: "absent",
    meaning: "neither model encodes it here",
    predicate: ["is absent", "are absent"],
  },
  "not-measurable": {
    letter: "-",
    title: "not measurable",
    meaning: "the base answers too few items rightly to tell",
    predicate: ["could not be measured", "could not be measured"],
  },
};

/** The words from worst to best, as headlines and legends name them. */
export const WORD_ORDER: readonly VariableWord[] = [
  "fails",
  "lost",
  "moved",
  "gained",
  "inconclusive",
  "not-measurable",
  "absent",
  "transfers",
];

/** The run's word, and what it means for a release. */
export const RUN_WORDS: Readonly<Record<RunWord, { title: string; meaning: string }>> = {
  pass: { title: "pass", meaning: "the gate stays open" },
  fail: { title: "fail", meaning: "the gate is closed" },
  inconclusive: {
    title: "inconclusive",
    meaning: "nothing closes the gate, but not all is decided",
  },
  "not-measurable": { title: "not measurable", meaning: "no variable could be measured" },
};
