/**
 * @file Lists in messages, which stay short however long the list is.
 */

/** Parts of a list that are told. */
const SHOWN = 8;

/** At most eight of a list, and how many more there are: `a, b and 3 more`, or between semicolons `a; b; and 3 more`. */
export function listText(parts: readonly string[], separator: ", " | "; " = ", "): string {
  const text = parts.slice(0, SHOWN).join(separator);
  if (parts.length <= SHOWN) return text;
  return `${text}${separator === ", " ? " " : separator}and ${parts.length - SHOWN} more`;
}
