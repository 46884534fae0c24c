/**
 * @file Runs the command line in process, with handlers that only record what they were given.
 */
import type { Commands, Io, Sink } from "../../src/cli/commands.js";
import { runProgram } from "../../src/cli/program.js";

/** What a command line did. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The handlers that were called, with what they got. */
  readonly calls: readonly (readonly [command: string, options: unknown])[];
}

/** A sink that keeps what is written. */
export function keepingSink(): Sink & { readonly text: () => string } {
  let kept = "";
  return {
    write: (text) => {
      kept += text;
    },
    isTerminal: false,
    columns: 80,
    colour: false,
    text: () => kept,
  };
}

/** Runs `argv`; `handlers` replace the recording ones. */
export async function run(argv: readonly string[], handlers: Partial<Commands> = {}): Promise<Ran> {
  const calls: [string, unknown][] = [];
  const record =
    (name: string) =>
    (options: unknown): Promise<number> => {
      calls.push([name, options]);
      return Promise.resolve(0);
    };
  const commands: Commands = {
    audit: record("audit"),
    plan: record("plan"),
    inspect: record("inspect"),
    gradcheck: record("gradcheck"),
    diff: record("diff"),
    compare: record("compare"),
    align: record("align"),
    export: record("export"),
    report: record("report"),
    reproduce: record("reproduce"),
    schema: record("schema"),
    completion: record("completion"),
    init: record("init"),
    doctor: record("doctor"),
    ...handlers,
  };
  const stdout = keepingSink();
  const stderr = keepingSink();
  const io: Io = { stdout, stderr, argv, signal: new AbortController().signal };
  const exitCode = await runProgram({ commands, io, version: "1.2.3" });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text(), calls };
}
