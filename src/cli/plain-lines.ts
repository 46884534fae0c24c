/** @file Progress where nobody watches: a line per stage and per finished cell, readable in a log. */
import type { Sink } from "./commands.js";
import { noteText } from "./note-text.js";
import { formatDuration, Pace } from "./pace.js";
import type { StatusLine } from "./status-line.js";

/** Writes plain lines. */
export function plainLines(sink: Sink, nowMs: () => number): StatusLine {
  const pace = new Pace(nowMs);
  const line = (text: string): void => {
    sink.write(`${text}\n`);
  };
  return {
    stage: (text) => {
      line(`${formatDuration(pace.elapsedMs())}  ${text}`);
    },
    note: (note) => {
      if (note.event === "estimate") pace.expect(note.layers);
      const text = noteText(note);
      if (text !== undefined) line(text);
    },
    begin: (total) => {
      pace.begin(total);
    },
    cell: (label, place) => {
      pace.startCell(label, place);
    },
    done: (how) => {
      pace.finishCell(how);
      const reused = how === "reused" ? " (reused)" : "";
      const { finished, total, label } = pace;
      line(
        `${formatDuration(pace.elapsedMs())}  ${finished}/${total} ${label}${reused}, ${leftText(pace)} left`,
      );
    },
    end: () => undefined,
  };
}

/** Expected time left in words; `?` while nothing tells. */
export function leftText(pace: Pace): string {
  const left = pace.leftMs();
  return left === undefined ? "?" : formatDuration(left);
}
