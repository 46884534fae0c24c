/**
 * @file The command line as data for shell completion: commands, options, and what a value of each may be.
 */
import type { Argument, Command, Option } from "commander";
import {
  ALSO_VIEWS,
  CONTROLS,
  DEVICES,
  LEARNERS,
  MAP_NAMES,
  METHOD_NAMES,
} from "../../plan/defaults.js";
import { SIDES } from "../../plan/sides.js";
import { FORMATS } from "../../report/view-names.js";
import { COMPARE_MEASURES } from "../../similarity/layer-measures.js";
import { VERDICT_WORDS } from "../../verdict/verdicts.js";
import { SCHEMAS } from "../commands.js";

/** Shells that a completion script exists for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
/** Name of such a shell. */
export type Shell = (typeof SHELLS)[number];

/** What may stand in a place: paths, words, both, or a text about which nothing is known. */
export interface Values {
  readonly paths?: "files" | "folders";
  readonly words?: readonly string[];
}

/** An option of a command. */
export interface CompletedOption {
  /** With dashes; the long form is always there. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Absent for a switch. */
  readonly value?: Values;
  readonly repeats: boolean;
}

/** A command with its places. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** One per positional argument. */
  readonly places: readonly (Values & { readonly name: string })[];
}

/** The program: what stands without a command, and the commands. */
export interface CommandTree {
  readonly root: CompletedCommand;
  readonly commands: readonly CompletedCommand[];
}

/** By what stands between the angle brackets of a flag. */
const BY_VALUE_NAME: Readonly<Record<string, Values>> = {
  dir: { paths: "folders" },
  file: { paths: "files" },
  side: { words: SIDES },
  path: { paths: "files" },
  result: { paths: "files" },
};

/** Reads commander's own description of the program; `audits` are the ids that `--audit` takes beside files. */
export function describeTree(program: Command, audits: readonly string[]): CommandTree {
  const words = wordsOf(audits);
  return {
    root: describe(program, words),
    commands: program.commands
      .filter((command) => command.name() !== "help")
      .map((command) => describe(command, words)),
  };
}

/** Words for options (by flag) and arguments (by name) whose values are few. */
function wordsOf(audits: readonly string[]): Readonly<Record<string, Values>> {
  return {
    "--audit": { paths: "files", words: audits },
    "--controls": { words: CONTROLS },
    "--learner": { words: LEARNERS },
    "--method": { words: METHOD_NAMES },
    "--map": { words: MAP_NAMES },
    "--device": { words: DEVICES },
    "--layers": { words: ["all", "every:4", "spread:8"] },
    "--format": { words: FORMATS },
    "--also": { words: ALSO_VIEWS },
    "--fail-on": { words: [...VERDICT_WORDS, "nothing"] },
    "--measures": { words: COMPARE_MEASURES },
    "--at": { words: ["last", "mean"] },
    "schema name": { words: SCHEMAS },
    "completion shell": { words: SHELLS },
  };
}

function describe(command: Command, words: Readonly<Record<string, Values>>): CompletedCommand {
  const help = { flags: ["--help", "-h"], description: "print this help", repeats: false };
  return {
    name: command.name(),
    description: command.description(),
    options: [...command.options.map((option) => describeOption(option, words)), help],
    places: command.registeredArguments.map((argument) => place(command, argument, words)),
  };
}

function describeOption(option: Option, words: Readonly<Record<string, Values>>): CompletedOption {
  const { long, short, description, flags } = option;
  const names = [long, short].filter((flag) => flag !== undefined);
  const valueName = /<([^>]*)>/.exec(flags)?.[1];
  const choices = option.argChoices;
  const values =
    words[long ?? ""] ??
    (choices === undefined ? BY_VALUE_NAME[valueName ?? ""] : { words: choices }) ??
    {};
  return {
    flags: names,
    description,
    ...(valueName === undefined ? {} : { value: values }),
    repeats: description.includes("repeatable"),
  };
}

/** Arguments are paths of models and results, unless they are one of a few words. */
function place(
  command: Command,
  argument: Argument,
  words: Readonly<Record<string, Values>>,
): Values & { readonly name: string } {
  const name = argument.name();
  return { name, ...(words[`${command.name()} ${name}`] ?? { paths: "files" }) };
}
