/** @file Progress where a person watches: one line that redraws itself and never gets wider than the terminal. */
import { Writable } from "node:stream";
import progress from "cli-progress";
import type { Sink } from "./commands.js";
import { noteText } from "./note-text.js";
import { formatDuration, Pace } from "./pace.js";
import { leftText } from "./plain-lines.js";
import type { StatusLine } from "./status-line.js";

/** Milliseconds between two redraws: the clock moves, the reader is not dazzled. */
const REDRAW_MS = 250;
/** Columns of the bar; it goes first where the terminal is narrow. */
const BAR = 20;

/** Redraws one line. */
export function redrawnLine(sink: Sink, nowMs: () => number): StatusLine {
  const pace = new Pace(nowMs);
  let stage = "";
  let open = false;
  const bar = new progress.SingleBar({
    stream: streamOf(sink),
    // cursor and wrapping stay as they are: a process that is killed cannot restore them
    hideCursor: false,
    linewrap: true,
    clearOnComplete: true,
    stopOnComplete: false,
    fps: 1000 / REDRAW_MS,
    format: () => lineText(pace, { stage, columns: sink.columns }),
  });
  const show = (): void => {
    if (!open) bar.start(1, 0);
    open = true;
    bar.update(pace.finished);
  };
  const stop = (): void => {
    if (open) bar.stop();
    open = false;
  };
  return {
    stage: (text) => {
      stage = text;
      show();
    },
    note: (note) => {
      if (note.event === "estimate") pace.expect(note.layers);
      const text = noteText(note);
      if (text === undefined) return;
      const wasOpen = open;
      stop();
      sink.write(`${text}\n`);
      if (wasOpen) show();
    },
    begin: (total) => {
      pace.begin(total);
      show();
    },
    cell: (label, place) => {
      pace.startCell(label, place);
      show();
    },
    done: (how) => {
      pace.finishCell(how);
      show();
    },
    end: stop,
  };
}

/** The fullest of the forms that fits; the last column stays free, since some terminals wrap when it is filled. */
function lineText(pace: Pace, { stage, columns }: { stage: string; columns: number }): string {
  const room = Math.max(1, columns - 1);
  const elapsed = formatDuration(pace.elapsedMs());
  if (pace.total === 0) return clip(`${elapsed}  ${stage}`, room);
  const { finished, total, label } = pace;
  const counts = `${finished}/${total}, ${leftText(pace)} left`;
  const full = `${elapsed} ${barText(finished / total)} ${counts}  ${label}`;
  return widthOf(full) <= room ? full : clip(`${elapsed}  ${counts}  ${label}`, room);
}

function barText(share: number): string {
  const filled = Math.round(BAR * Math.min(1, share));
  return `[${"=".repeat(filled)}${"-".repeat(BAR - filled)}]`;
}

/** At most `room` columns, with an ellipsis where something was cut off. */
function clip(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  let kept = "";
  let width = 1; // of the ellipsis
  for (const character of text) {
    width += widthOf(character);
    if (width > room) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Columns at most: what may be wide (from Hangul on, general punctuation apart) counts as two. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    width += code < 0x1100 || (code >= 0x2000 && code < 0x2070) ? 1 : 2;
  }
  return width;
}

/** cli-progress writes to a terminal stream; this one passes on to the sink. */
function streamOf(sink: Sink): Writable {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      sink.write(chunk.toString());
      callback();
    },
  });
  return Object.assign(stream, { isTTY: true, columns: sink.columns });
}
