/**
 * @file Texts of strangers inside Markdown: they are shown, and never become a link, an image, a heading, a tag of HTML,
 * a mention of a person or a reference to an issue.
 */
import { printableLine } from "./printable.js";

/** Every sign that means something inside a line of Markdown (GitHub's dialect with its formulas) or HTML. */
const SIGNS = /[#$&*<>@[\\\]^_`|~\t]|:(?=\S)/gu;
/** Signs that mean something at the start of a line. */
const LEADING = /^(?:[-+= ]|\d+(?=[.)](?:\s|$)))/u;
/**
 * Without width. A forge looks for mentions, issues and addresses after it has decoded the text, so an encoded sign
 * would still be one: `@name`, `#12`, `GH-12`, `www.`.
 */
const JOINER = "\u2060";
const SPOKEN = /(?<=[@#])(?=\w)|(?<=\bGH)(?=-\d)|(?<=\bwww)(?=\.)/giu;

/** Escapes a text for the inside of a line, a cell of a table or an entry of a list. */
export function escapeMarkdown(text: string): string {
  const joined = printableLine(text).replace(SPOKEN, JOINER);
  const lead = LEADING.exec(joined)?.[0] ?? "";
  const first = lead.replace(/./gu, encodeSign);
  return first + joined.slice(lead.length).replace(SIGNS, encodeSign);
}

function encodeSign(sign: string): string {
  return `&#${sign.charCodeAt(0)};`;
}

/** A text as code, in which a forge looks for nothing: commands, digests, names of files. */
export function markdownCode(text: string): string {
  return `<code>${printableLine(text).replace(SIGNS, encodeSign)}</code>`;
}
