/** @file A command as a person can paste it into a shell. */

/** Words joined by spaces; what a shell would read otherwise stands in single quotes. */
export function shellText(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

function quoteWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
