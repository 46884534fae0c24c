/**
 * @file What commander finds wrong with a command line, as one of our errors.
 */
import { CommanderError, type Command } from "commander";
import { UsageError } from "../errors.js";
import { listNames, nearest } from "../plan/did-you-mean.js";

/** Quoted words of commander's message: the option or argument that it is about. */
function quoted(message: string): readonly string[] {
  return [...message.matchAll(/'([^']*)'/g)].map((match) => match[1] ?? "");
}

/** One row per mistake that commander reports under a code of its own. */
const MISTAKES: Readonly<Record<string, (error: CommanderError, command: Command) => UsageError>> =
  {
    "commander.unknownOption": (error, command) =>
      unknownOption(quoted(error.message)[0] ?? "", command),
    "commander.missingArgument": (error, command) =>
      new UsageError(command.name(), {
        code: "MISSING_ARGUMENT",
        expected: usage(command),
        found: `no ${(quoted(error.message)[0] ?? "argument").toUpperCase()}`,
        hint: helpHint(command),
      }),
    "commander.excessArguments": (_error, command) =>
      new UsageError(command.name(), {
        code: "TOO_MANY_ARGUMENTS",
        expected: usage(command),
        found: `${command.args.length} arguments: ${command.args.map((arg) => JSON.stringify(arg)).join(", ")}`,
        hint: helpHint(command),
      }),
    "commander.help": (_error, command) =>
      new UsageError(`${command.name()} help`, {
        code: "UNKNOWN_COMMAND",
        expected: `one of ${listNames(command.commands.map((sub) => sub.name()))}`,
        found: JSON.stringify(command.args.at(-1) ?? ""),
        hint: helpHint(command),
      }),
    "commander.optionMissingArgument": (error, command) =>
      new UsageError(flagOf(error), {
        code: "MISSING_VALUE",
        expected: `a value, as in "${quoted(error.message)[0] ?? ""}"`,
        found: "the end of the command line",
        hint: helpHint(command),
      }),
  };

/** The error to show for one that commander threw. */
export function usageError(error: CommanderError, command: Command): UsageError {
  const mistake = MISTAKES[error.code];
  if (mistake !== undefined) return mistake(error, command);
  const message = error.message.replace(/^error: /, "");
  return new UsageError(message, { code: "USAGE", hint: helpHint(command), cause: error });
}

function unknownOption(flag: string, command: Command): UsageError {
  const name = flag.split("=")[0] ?? flag;
  const flags = command.options.flatMap(({ long }) => (long === undefined ? [] : [long]));
  const near = nearest(name, flags);
  return new UsageError(command.name(), {
    code: "UNKNOWN_OPTION",
    expected: "an option that `--help` lists",
    found: JSON.stringify(name),
    hint: near === undefined ? helpHint(command) : `did you mean "${near}"?`,
  });
}

/** `--seed` of `option '--seed <n>' argument missing`. */
function flagOf(error: CommanderError): string {
  return /--[a-z-]+/.exec(error.message)?.[0] ?? "option";
}

function usage(command: Command): string {
  const names = command.registeredArguments.map((argument) => argument.name().toUpperCase());
  return names.length === 0 ? "no arguments" : names.join(" and ");
}

function helpHint(command: Command): string {
  const path =
    command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  return `run \`${path} --help\``;
}
