/**
 * @file The command line: words, options and help. What a command does is injected, so that nothing heavy is loaded
 * before it is known to be needed.
 */
import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { UsageError } from "../errors.js";
import { nearest } from "../plan/did-you-mean.js";
import { addAlignCommand } from "./align-options.js";
import { GROUPS, MODEL } from "./audit-flags.js";
import type { Commands, Io, Registry } from "./commands.js";
import { EXIT, exitCodeOf } from "./exit.js";
import { errorText } from "./format-error.js";
import { EXAMPLES, exitCodesText, SUMMARY } from "./help.js";
import { addModelCommands } from "./model-commands.js";
import type { RawOptions } from "./option-reader.js";
import { readFrozenOptions } from "./read-options.js";
import { addFileCommands } from "./file-commands.js";
import { usageError } from "./usage.js";

/** Widest help text, in columns. */
const HELP_WIDTH = 80;

/** What a program needs from outside. */
export interface ProgramParts {
  readonly commands: Commands;
  readonly io: Io;
  /** Version of the package. */
  readonly version: string;
}

/** Runs the command line `io.argv` and resolves to the exit code; errors are printed, never thrown. */
export async function runProgram(parts: ProgramParts): Promise<number> {
  const { io } = parts;
  const done = { code: EXIT.pass };
  const program = buildProgram(parts, done);
  try {
    await program.parseAsync([...io.argv], { from: "user" });
    return done.code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.pass;
    printError(thrown, io);
    return exitCodeOf(thrown);
  }
}

/** Errors go to stderr in either form: stdout carries the result or nothing. */
function printError(error: unknown, { argv, stderr }: Io): void {
  stderr.write(errorText(error, { argv, colour: stderr.colour }));
}

function buildProgram({ commands, io, version }: ProgramParts, done: { code: number }): Command {
  const program = new Command("mas-audit");
  program
    .exitOverride(explain(program))
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => {
        io.stdout.write(text);
      },
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(HELP_WIDTH, io.stdout.columns),
      getOutHasColors: () => io.stdout.colour,
    });
  describeAudit(program, version);
  program.action(async (base: string, tuned: string | undefined) => {
    refuseMisspelt(base, program);
    const options = await readFrozenOptions({ base, tuned }, program.opts<RawOptions>());
    done.code = await commands.audit(options, io);
  });
  addSubcommands(program, { commands, io, done });
  return program;
}

function describeAudit(program: Command, version: string): void {
  program
    .description(SUMMARY)
    .usage("BASE TUNED [options]\n       mas-audit <command> [options]")
    .argument("<base>", `the model before fine-tuning: ${MODEL}`)
    .argument("[tuned]", "the model after fine-tuning, likewise; or --tuned-adapter")
    .allowExcessArguments(false)
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", EXAMPLES.trimEnd())
    .addHelpText("after", exitCodesText());
  for (const [group, options] of Object.entries(GROUPS)) {
    for (const option of options) program.addOption(option.helpGroup(group));
  }
}

function addSubcommands(program: Command, parts: Omit<Registry, "program" | "subcommand">): void {
  const registry: Registry = {
    ...parts,
    program,
    subcommand(name, description) {
      const command = program.command(name).description(description).allowExcessArguments(false);
      command.exitOverride(explain(command));
      return command.helpOption("-h, --help", "print this help").hook("preAction", () => {
        refuseMisplaced(program, command);
      });
    },
  };
  addModelCommands(registry);
  addAlignCommand(registry);
  addFileCommands(registry);
}

/** Turns commander's complaints about `command` into ours; help and version pass through. */
function explain(command: Command): (error: CommanderError) => never {
  return (error) => {
    throw error.exitCode === 0 ? error : usageError(error, command);
  };
}

/** `mas-audit --seed 1 inspect m.onnx`: the option would be lost without a word. */
function refuseMisplaced(program: Command, command: Command): void {
  const given = Object.keys(program.opts<RawOptions>());
  if (given.length === 0) return;
  const flags = program.options.filter((option) => given.includes(option.attributeName()));
  throw new UsageError(command.name(), {
    code: "MISPLACED_OPTION",
    expected: `options of "${command.name()}" after its name`,
    found: `${flags.map(({ long }) => `"${long ?? ""}"`).join(", ")} before it`,
    hint: `run \`mas-audit ${command.name()} --help\``,
  });
}

/** `mas-audit inspct m.onnx` would otherwise be an audit of a model called "inspct". */
function refuseMisspelt(base: string, program: Command): void {
  if (existsSync(base)) return;
  const near = nearest(
    base,
    program.commands.map((command) => command.name()),
  );
  if (near === undefined) return;
  throw new UsageError("mas-audit", {
    code: "UNKNOWN_COMMAND",
    expected: "a command, or the path of a model",
    found: JSON.stringify(base),
    hint: `did you mean "${near}"?`,
  });
}
