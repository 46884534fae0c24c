/** @file Progress for programs: one JSON object per line, in the format of `progress-schema.ts`. */
import type { Sink } from "./commands.js";
import { Pace } from "./pace.js";
import type { PROGRESS_SCHEMA, ProgressEvent, ProgressReport } from "./progress-schema.js";
import type { StatusLine } from "./status-line.js";

/** As a literal: the schema's module loads zod, which a run does not need here. */
const SCHEMA: typeof PROGRESS_SCHEMA = "mas-audit/progress@1";

/** Writes one JSON object per line. */
export function jsonLines(sink: Sink, nowMs: () => number): StatusLine {
  return reportedStatus((report) => {
    sink.write(`${JSON.stringify(report)}\n`);
  }, nowMs);
}

/** Gives every step of a run to `tell`. */
export function reportedStatus(
  tell: (report: ProgressReport) => void,
  nowMs: () => number,
): StatusLine {
  const pace = new Pace(nowMs);
  const write = (event: ProgressEvent): void => {
    tell({ schema: SCHEMA, elapsedSeconds: seconds(pace.elapsedMs()), ...event });
  };
  return {
    stage: (stage) => {
      write({ event: "stage", stage });
    },
    note: (note) => {
      if (note.event !== "estimate") {
        write(note);
        return;
      }
      pace.expect(note.layers);
      const { low, expected, high } = note.seconds;
      write({ event: "estimate", seconds: { low, expected, high } });
    },
    begin: (total) => {
      pace.begin(total);
      write({ event: "begin", cells: total });
    },
    cell: (label, place) => {
      pace.startCell(label, place);
      if (place !== undefined) write({ event: "cell", ...siteOf(place), ...paceOf(pace) });
    },
    done: (how) => {
      pace.finishCell(how);
      const { place } = pace;
      if (place === undefined) return;
      write({ event: "done", ...siteOf(place), ...paceOf(pace), reused: how === "reused" });
    },
    end: () => undefined,
  };
}

function siteOf({ audit, variable, layer, role }: NonNullable<Pace["place"]>): {
  audit: string;
  variable: string;
  layer: number;
  role: string;
} {
  return { audit, variable, layer, role };
}

function paceOf(pace: Pace): { done: number; cells: number; remainingSeconds: number | null } {
  const left = pace.leftMs();
  return {
    done: pace.finished,
    cells: pace.total,
    remainingSeconds: left === undefined ? null : seconds(left),
  };
}

/** Rounded to milliseconds. */
function seconds(ms: number): number {
  return Math.round(ms) / 1e3;
}
