/** @file Lines of the text of a comparison: at most 80 columns, a name of at most 7 beside each. */
import { signed } from "../report/figure-text.js";
import { wrap } from "../report/wrap.js";

/** Columns. */
export const WIDTH = 80;
const INDENT = 7;

/** Stands for an undefined figure. */
export const NONE = "–";

/** Three decimals: the sampling error of a thousand prompts is in the third. */
export function numberText(value: number | null): string {
  if (value === null) return NONE;
  return signed(value, 3);
}

/** A line under a name of at most 7 columns, broken beside it. */
export function named(name: string, text: string): string[] {
  return wrap(text, WIDTH - INDENT).map((line, i) => (i === 0 ? name : "").padEnd(INDENT) + line);
}

/** Cuts at the front: the end of a path tells more. */
export function fit(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}
