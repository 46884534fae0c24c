/**
 * @file Texts of strangers (prompts, names in models, paths) on a terminal: nothing in them moves the cursor, clears
 * the screen, sets a title or turns the direction of writing; it is shown instead, as JSON would spell it.
 */

/** Controls (C0, DEL, C1) other than tab and line feed, and the marks that reorder text. */
const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function spell(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The text with every control shown; line feeds stay. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, spell);
}

/** The text on one line: a line feed is shown as well, so that a name cannot write lines of its own. */
export function printableLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n");
}

/** A copy of plain data in which every text, keys included, is {@link printableLine}. */
export function printableData<T>(value: T): T {
  return copy(value) as T; // the same shape: only characters of texts differ
}

function copy(value: unknown): unknown {
  if (typeof value === "string") return printableLine(value);
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [printableLine(key), copy(item)]),
  );
}
