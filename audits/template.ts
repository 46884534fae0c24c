/**
 * @file Prompt templates that know where their words stand.
 */
import { invariant } from "../src/errors.js";
import type { Span } from "../src/plan/audit.js";

/** A filled template. `spans`: characters of each slot's word in the prompt. */
export interface Filled {
  readonly prompt: string;
  readonly spans: Readonly<Record<string, Span>>;
}

/**
 * Replaces each `{slot}` by its word and records where the word came to stand.
 *
 * @throws {@link InvariantError} when a slot has no word or stands in the template twice.
 */
export function fill(template: string, words: Readonly<Record<string, string>>): Filled {
  const spans: Record<string, Span> = {};
  let prompt = "";
  // a split with one capture group alternates text and slot names
  for (const [index, part] of template.split(/\{(\w+)\}/).entries()) {
    if (index % 2 === 0) {
      prompt += part;
      continue;
    }
    const word = words[part];
    invariant(word !== undefined, `template "${template}" has no word for {${part}}`);
    invariant(spans[part] === undefined, `template "${template}" holds {${part}} twice`);
    spans[part] = [prompt.length, prompt.length + word.length];
    prompt += word;
  }
  return { prompt, spans };
}

/** The span of one slot. @throws {@link InvariantError} when the template has no such slot. */
export function spanOf(filled: Filled, slot: string): Span {
  const span = filled.spans[slot];
  invariant(span !== undefined, `no slot {${slot}} in "${filled.prompt}"`);
  return span;
}
