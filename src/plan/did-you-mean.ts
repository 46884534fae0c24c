/**
 * @file Suggestions for misspelt names: options, audit ids, variables, layers specs.
 */
import { distance } from "fastest-levenshtein";
import { listText } from "./list-text.js";

/** A name further away than this share of its length is not what was meant. */
const FAR = 0.4;
/** Longer words, or more candidates, are no slip of the keyboard; comparing them costs the product of their sizes. */
const LONGEST = 100;
const MOST = 500;

/** The candidate nearest to `word`, or `undefined` where none is near; the first of equals. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST || candidates.length > MOST) return undefined;
  const typed = word.toLowerCase();
  let best: { name: string; steps: number } | undefined;
  for (const name of candidates) {
    if (name.length > LONGEST) continue;
    const steps = distance(typed, name.toLowerCase());
    const near = steps <= Math.max(1, Math.floor(FAR * Math.max(name.length, typed.length)));
    if (near && (best === undefined || steps < best.steps)) best = { name, steps };
  }
  return best?.name;
}

/** `{hint: 'did you mean "x"?'}`, or nothing where no candidate is near: spread it into an error's details. */
export function didYouMean(word: string, candidates: readonly string[]): { hint?: string } {
  const name = nearest(word, candidates);
  return name === undefined ? {} : { hint: `did you mean "${name}"?` };
}

/** Names in quotes, cut at eight: `"a", "b" and 3 more`. */
export function listNames(names: readonly string[]): string {
  return listText(names.map((name) => JSON.stringify(name)));
}
