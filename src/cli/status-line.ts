/**
 * @file Progress: one line that redraws itself where a person watches, a plain line per stage and cell elsewhere, JSON
 * objects with `--json-progress`, nothing with `--quiet`. All of it on stderr.
 */
import { printableLine } from "../report/printable.js";
import type { Range } from "../plan/time.js";
import type { Sink } from "./commands.js";
import { jsonLines } from "./json-lines.js";
import type { CellPlace, LayerTime } from "./pace.js";
import { plainLines } from "./plain-lines.js";
import { redrawnLine } from "./redrawn-line.js";

/** Something to know beside stages and cells. */
export type Note =
  | { readonly event: "device"; readonly device: string }
  | { readonly event: "learner"; readonly learner: string }
  | { readonly event: "estimate"; readonly seconds: Range; readonly layers: readonly LayerTime[] }
  | {
      readonly event: "continues";
      /** Finished cells that lie there. */
      readonly found: number;
      /** Cells of this run, at most. */
      readonly cells: number;
      /** When that run began; ISO 8601. */
      readonly since: string;
    }
  | { readonly event: "warning"; readonly message: string }
  | {
      readonly event: "finished";
      readonly verdict: "pass" | "fail" | "inconclusive" | "not-measurable";
      readonly folder: string;
    };

/** How a run tells how far it is. */
export interface StatusLine {
  /** A stage without cells: `"reading base.onnx"`. */
  stage(text: string): void;
  note(note: Note): void;
  /** From here on there are `total` cells. */
  begin(total: number): void;
  /** A cell starts: `"sentiment, layer 12, last"`. */
  cell(label: string, place?: CellPlace): void;
  /** The cell is done; one that was found in the store says nothing about the time that others take. */
  done(how: "computed" | "reused"): void;
  /** Ends the line; call it also when the run fails. */
  end(): void;
}

/** What a status line needs from outside. */
export interface StatusParts {
  readonly sink: Sink;
  readonly quiet: boolean;
  /** One JSON object per line, for programs. */
  readonly json?: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
}

/** The status line that fits the sink. */
export function openStatusLine({ sink, quiet, json = false, nowMs }: StatusParts): StatusLine {
  if (json) return jsonLines(sink, nowMs);
  if (quiet) return SILENT;
  const line = sink.isTerminal ? redrawnLine(sink, nowMs) : plainLines(sink, nowMs);
  return {
    ...line,
    stage: (text) => {
      line.stage(printableLine(text)); // paths and names of variables are other people's texts
    },
    cell: (label, place) => {
      line.cell(printableLine(label), place);
    },
  };
}

/** Does `work` with a status line on stderr, which has ended when it is done or has failed. */
export async function withStatusLine<T>(
  { stderr }: { readonly stderr: Sink },
  quiet: boolean,
  work: (status: StatusLine) => Promise<T>,
): Promise<T> {
  const status = openStatusLine({ sink: stderr, quiet, nowMs: () => performance.now() });
  try {
    return await work(status);
  } finally {
    status.end();
  }
}

const nothing = (): void => undefined;
const SILENT: StatusLine = {
  stage: nothing,
  note: nothing,
  begin: nothing,
  cell: nothing,
  done: nothing,
  end: nothing,
};
