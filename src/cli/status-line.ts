/**
 * @file Progress: one line that redraws itself where a person watches, a plain line per cell elsewhere, nothing with
 * `--quiet`. All of it on stderr.
 */
import { Writable } from "node:stream";
import progress from "cli-progress";
import { printableLine } from "../report/printable.js";
import type { Sink } from "./commands.js";

/** How a run tells how far it is. */
export interface StatusLine {
  /** A stage without cells: `"reading base.onnx"`. */
  stage(text: string): void;
  /** From here on there are `total` cells. */
  begin(total: number): void;
  /** A cell starts: `"sentiment, layer 12, last"`. */
  cell(label: string): void;
  /** The cell is done; one that was found in the store says nothing about the time that others take. */
  done(how: "computed" | "reused"): void;
  /** Ends the line; call it also when the run fails. */
  end(): void;
}

/** What a status line needs from outside. */
export interface StatusParts {
  readonly sink: Sink;
  readonly quiet: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
}

/** The status line that fits the sink. */
export function openStatusLine({ sink, quiet, nowMs }: StatusParts): StatusLine {
  if (quiet) return SILENT;
  const line = sink.isTerminal ? redrawnLine(sink, nowMs) : plainLines(sink, nowMs);
  return {
    ...line,
    stage: (text) => {
      line.stage(printableLine(text)); // paths and names of variables are other people's texts
    },
    cell: (label) => {
      line.cell(printableLine(label));
    },
  };
}

const nothing = (): void => undefined;
const SILENT: StatusLine = {
  stage: nothing,
  begin: nothing,
  cell: nothing,
  done: nothing,
  end: nothing,
};

/** Counts cells and extrapolates from those that were computed. */
class Pace {
  total = 0;
  finished = 0;
  label = "";
  private readonly startMs: number;
  private cellStartMs = 0;
  private computed = 0;
  private computedMs = 0;

  constructor(private readonly nowMs: () => number) {
    this.startMs = nowMs();
  }

  startCell(label: string): void {
    this.label = label;
    this.cellStartMs = this.nowMs();
  }

  finishCell(how: "computed" | "reused"): void {
    this.finished += 1;
    if (how === "reused") return;
    this.computed += 1;
    this.computedMs += this.nowMs() - this.cellStartMs;
  }

  elapsed(): string {
    return formatDuration(this.nowMs() - this.startMs);
  }

  /** Time left by the mean of the computed cells; unknown before the first. */
  left(): string {
    if (this.computed === 0) return "?";
    return formatDuration((this.computedMs / this.computed) * (this.total - this.finished));
  }
}

function plainLines(sink: Sink, nowMs: () => number): StatusLine {
  const pace = new Pace(nowMs);
  const line = (text: string): void => {
    sink.write(`${text}\n`);
  };
  return {
    stage: (text) => {
      line(`${pace.elapsed()}  ${text}`);
    },
    begin: (total) => {
      pace.total = total;
    },
    cell: (label) => {
      pace.startCell(label);
    },
    done: (how) => {
      pace.finishCell(how);
      const reused = how === "reused" ? " (reused)" : "";
      line(
        `${pace.elapsed()}  ${pace.finished}/${pace.total} ${pace.label}${reused}, ${pace.left()} left`,
      );
    },
    end: nothing,
  };
}

/** Milliseconds between two redraws: the clock moves, the reader is not dazzled. */
const REDRAW_MS = 250;

function redrawnLine(sink: Sink, nowMs: () => number): StatusLine {
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
    barsize: 20,
    format: (options, params) => {
      if (pace.total === 0) return `${pace.elapsed()}  ${stage}`;
      const bar = progress.Format.BarFormat(params.progress, options);
      return `${pace.elapsed()} ${bar} ${pace.finished}/${pace.total}, ${pace.left()} left  ${pace.label}`;
    },
  });
  const show = (): void => {
    if (!open) bar.start(1, 0);
    open = true;
    bar.update(pace.finished);
  };
  return {
    stage: (text) => {
      stage = text;
      show();
    },
    begin: (total) => {
      pace.total = total;
      show();
      bar.setTotal(total);
    },
    cell: (label) => {
      pace.startCell(label);
      show();
    },
    done: (how) => {
      pace.finishCell(how);
      show();
    },
    end: () => {
      if (open) bar.stop();
      open = false;
    },
  };
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

/** `42 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
