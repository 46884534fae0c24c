/**
 * @file Texts of strangers inside XML: what the format cannot hold at all, escaped or not, is shown as JSON would spell it.
 */
import { printable } from "./printable.js";

/** Signs outside XML 1.0 that are no controls: halves of a pair, and two that are no characters. No u flag: it joins halves. */
const FORBIDDEN =
  /[\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with everything that XML forbids shown; the writer of XML escapes the rest. */
export function xmlText(text: string): string {
  return showHalves(printable(text));
}

/** The text with halves of pairs, which no encoding can hold, shown. */
export function showHalves(text: string): string {
  return text.replace(FORBIDDEN, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
}

/** A text for an attribute that readers take as one line: every run of white space becomes a space. */
export function xmlToken(text: string): string {
  return xmlText(text).replace(/\s+/gu, " ").trim();
}
