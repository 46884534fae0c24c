/**
 * @file Texts of prompts in a result: only those that an example of a failing trial names, once per audit, and only as
 * far as the policy lets them be kept. What a stricter policy took out, a laxer one cannot bring back.
 */
import type { AuditMeasures, CellMeasures, KeptPrompt } from "../measure/measures.js";
import { digestBytes } from "../store/digest.js";

/** What becomes of prompt texts: kept, kept as their SHA-256, or left out. */
export type PromptRule = "full" | "hash" | "none";

/** Items that the examples of one audited variable name, ascending, each once. */
export function quotedItems(
  { audit, variable }: Pick<AuditMeasures, "audit" | "variable">,
  cells: readonly CellMeasures[],
): readonly number[] {
  const own = cells.filter(({ cell }) => cell.audit === audit && cell.variable === variable);
  const items = own.flatMap(({ trials, examples }) => {
    const causal = trials.find(({ table }) => table === "causal");
    const named = Object.values(examples ?? {}).flatMap((list) => list.map(({ trial }) => trial));
    return named.flatMap((trial) => [causal?.target[trial], causal?.source[trial]]);
  });
  return [...new Set(items.filter((item) => item !== undefined))].sort((a, b) => a - b);
}

/** The audit with the texts of the prompts that its examples name; without examples it stays as it is. */
export function quotePrompts(
  measures: AuditMeasures,
  cells: readonly CellMeasures[],
  textOf: (item: number) => string,
): AuditMeasures {
  const items = quotedItems(measures, cells);
  if (items.length === 0) return measures;
  const prompts = Object.fromEntries(items.map((item) => [item, { text: textOf(item) }]));
  return { ...measures, prompts };
}

/**
 * The audits with their prompts as a rule lets them be kept: `hash` puts the SHA-256 of the UTF-8 text in place of each
 * text, `none` takes them out. A digest stays a digest under `full`.
 */
export function keepPrompts(
  audits: readonly AuditMeasures[],
  rule: PromptRule,
): readonly AuditMeasures[] {
  return audits.map((measures) => {
    const { prompts, ...rest } = measures;
    if (prompts === undefined || rule === "full") return measures;
    if (rule === "none") return rest;
    const hashed = Object.entries(prompts).map(([item, prompt]): readonly [string, KeptPrompt] => [
      item,
      hashPrompt(prompt),
    ]);
    return { ...rest, prompts: Object.fromEntries(hashed) };
  });
}

function hashPrompt(prompt: KeptPrompt): KeptPrompt {
  if (!("text" in prompt)) return prompt;
  return { sha256: digestBytes(prompt.text) };
}
