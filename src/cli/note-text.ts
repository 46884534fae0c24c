/** @file Notes of a run in words, for people. */
import { timeText } from "./plan-text.js";
import { printableLine } from "../report/printable.js";
import type { Note } from "./status-line.js";

/** The line of a note; undefined where people read it elsewhere. */
export function noteText(note: Note): string | undefined {
  switch (note.event) {
    case "device":
      return `device: ${note.device}`;
    case "learner":
      return printableLine(`learner: ${note.learner}`); // reasons are other packages' texts
    case "estimate":
      return `time: ${timeText(note)}, less what is done already`;
    case "continues":
      return printableLine(
        `continues: ${note.found} of ${note.cells} cells are done already, by the run begun ${note.since}; the prompts are run again`,
      );
    case "warning":
      return printableLine(`warning: ${note.message}`);
    case "finished":
      return undefined; // the table on stdout says it
  }
}
