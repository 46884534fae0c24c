/**
 * @file Breaks a sentence into lines of plain text.
 */

/** Breaks `sentence` at spaces into lines of at most `columns` characters; a longer word is cut, never lost. */
export function wrap(sentence: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(/\s+/).flatMap((part) => cut(part, columns))) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

function cut(word: string, columns: number): readonly string[] {
  return word.match(new RegExp(`.{1,${columns}}`, "gsu")) ?? [];
}
