/**
 * @file What the command line needs from the rest of the program: one handler per command, and the streams that a
 * handler may write to. `program.ts` knows only this, so that `--help` never loads a runtime.
 */
import type { AuditOptions } from "../plan/options.js";

/** A stream that a command writes to. */
export interface Sink {
  write(text: string): void;
  /** A person is watching: progress may redraw its line. */
  readonly isTerminal: boolean;
  /** Width in columns; 80 where unknown. */
  readonly columns: number;
  /** Colour is wanted (a terminal, and neither NO_COLOR nor TERM=dumb). */
  readonly colour: boolean;
}

/** Everything that a handler may touch of the process it runs in. */
export interface Io {
  /** The result, and nothing else. */
  readonly stdout: Sink;
  /** The conversation: progress, notes, errors. */
  readonly stderr: Sink;
  /** Aborted by Ctrl-C; long work calls `signal.throwIfAborted()` between batches. */
  readonly signal: AbortSignal;
  /** The arguments as typed, without node and the script: what a reader needs to repeat the run. */
  readonly argv: readonly string[];
}

/** Options shared by the commands that look at one model. */
export interface ModelOptions {
  /** A .onnx file or a folder that holds one. */
  readonly model: string;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Options of `mas-audit gradcheck`. */
export interface GradcheckOptions extends ModelOptions {
  /** Layer spec as typed, for example `3,7-9`; see `plan/layers.ts`. */
  readonly layers: string;
  readonly seed: number;
  /** CPU threads of the runtime; `"auto"` = the machine's quota. */
  readonly threads: number | "auto";
}

/** Schemas that `mas-audit schema` prints. */
export const SCHEMAS = ["result", "audit"] as const;
/** Name of a schema that `mas-audit schema` prints. */
export type SchemaName = (typeof SCHEMAS)[number];

/**
 * The handlers of the commands. Each resolves to the exit code; a thrown `MasAuditError` brings its own, and
 * anything else thrown is a bug of ours (70), except the abort reason of `io.signal` (130).
 */
export interface Commands {
  /** 0 = every verdict passes (or `--exit-zero`), 1 = the gate is closed. */
  audit(options: AuditOptions, io: Io): Promise<number>;
  inspect(options: ModelOptions, io: Io): Promise<number>;
  gradcheck(options: GradcheckOptions, io: Io): Promise<number>;
  schema(name: SchemaName, io: Io): Promise<number>;
}
