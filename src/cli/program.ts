/**
 * @file The command line: words, options and help. What a command does is injected, so that nothing heavy is loaded
 * before it is known to be needed.
 */
import { existsSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { UsageError } from "../errors.js";
import { nearest } from "../plan/did-you-mean.js";
import { DEFAULTS, DEVICES } from "../plan/defaults.js";
import type { AuditOptions } from "../plan/options.js";
import { FORMATS } from "../report/view-names.js";
import { DEFAULT_POLICY_FILE, SCHEMAS, type Commands, type Io } from "./commands.js";
import { EXIT, exitCodeOf } from "./exit.js";
import { errorText } from "./format-error.js";
import { COMPLETION_INSTALL, EXAMPLES, exitCodesText, SUMMARY } from "./help.js";
import type { RawOptions } from "./option-reader.js";
import {
  COMPARE_ITEMS,
  readAuditOptions,
  readCompareOptions,
  readDiffOptions,
  readDoctorOptions,
  readExportOptions,
  readGradcheckOptions,
  readModelOptions,
  readReportOptions,
  readReproduceOptions,
  readSchemaName,
} from "./read-options.js";
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

/** An option with a value; every value given is kept, so that a second one can be refused. */
function valued(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  );
}

/** `text (default: value)`, with the value from the table of defaults. */
function withDefault(text: string, name: keyof typeof DEFAULTS): string {
  return `${text} (default: ${DEFAULTS[name]})`;
}

/** A model as an argument. */
const MODEL = "a .onnx file, or a folder with one, or with config.json and safetensors";

const TUNED_ADAPTER = [
  "--tuned-adapter <dir>",
  "LoRA adapter (PEFT folder) on top of BASE, in place of TUNED",
] as const;

const FAIL_ON = [
  "--fail-on <words>",
  'verdicts that close the gate, as in "fails,lost", or "nothing" (default: as the policy says)',
] as const;

const BASELINE = [
  "--baseline <result>",
  "result.json of an earlier audit: what got worse, better, is new or gone",
] as const;

const ALSO = ["--also <views>", 'further files in OUT, as in "markdown,junit,sarif"'] as const;

const GROUPS = {
  "What is asked:": [
    valued(...TUNED_ADAPTER),
    valued(
      "--audit <id|file>",
      "built-in audit, or audit file; repeatable (default: all built-in audits)",
    ),
    valued(
      "--variable <name>",
      "only this variable; repeatable (default: every variable an outcome depends on)",
    ),
    valued(
      "--layers <spec>",
      withDefault('layers such as "3,7-9", "every:4", "spread:8", "all"; 0 = embedding', "layers"),
    ),
    valued("--tokenizer <dir>", "folder of the tokenizer (default: the folder of BASE)"),
  ],
  "How it is measured:": [
    valued("--k <n>", "dimensions of a subspace (default: classes − 1, at most dModel / 8)"),
    valued("--items <n>", withDefault("items drawn per audit", "items")),
    valued("--pairs <n>", withDefault("test pairs per verdict", "pairs")),
    valued("--steps <n>", withDefault("training steps per layer; 0 = closed form only", "steps")),
    valued(
      "--controls <which>",
      withDefault(
        "full, or core: only the nulls that a verdict needs (half of the time)",
        "controls",
      ),
    ),
    valued("--seed <n>", withDefault("seed of every random stream", "seed")),
    valued("--seeds <n>", withDefault("learnings per cell, to show their spread", "seeds")),
  ],
  "How it is judged:": [
    valued(
      "--policy <file>",
      "thresholds and what closes the gate, as YAML or JSON; `mas-audit init` writes one (default: every default of `mas-audit schema policy`)",
    ),
    valued(...FAIL_ON),
    valued(...BASELINE),
  ],
  "Machine:": [
    valued("--batch <n>", withDefault("rows per run of a model; less needs less memory", "batch")),
    valued("--threads <n>", "CPU threads (default: the quota of this machine)"),
    valued(
      "--device <name>",
      withDefault(`${DEVICES.join(", ")}, or cuda:N for the N-th GPU from 0`, "device"),
    ),
    new Option("--strict-device", "refuse graphs that the device cannot run as a whole"),
    new Option("--reference-path", "run whole prompts, not only the tokens that change (slow)"),
  ],
  "Output:": [
    valued("--out <dir>", "new folder for the results (default: mas-audit-<base>-<tuned> here)"),
    new Option("--force", "replace OUT where it exists, and an unfinished run of another plan"),
    valued(...ALSO),
    new Option("--json", "print result.json on stdout, and nothing else"),
    new Option("--quiet", "no progress and no table"),
    new Option("--json-progress", "progress and errors as JSON lines on stderr"),
    new Option("--verbose", "causes of errors"),
    new Option("--exit-zero", "exit 0 although a variable fails"),
  ],
} as const satisfies Record<string, readonly Option[]>;

/** Groups of options that a plan depends on. */
const PLANNED = ["What is asked:", "How it is measured:", "How it is judged:", "Machine:"] as const;

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
    const options = await auditOptions({ base, tuned }, program.opts<RawOptions>());
    done.code = await commands.audit(options, io);
  });
  addSubcommands(program, { commands, io, done });
  return program;
}

/** @throws {@link UsageError} that lists every mistake. */
async function auditOptions(...given: Parameters<typeof readAuditOptions>): Promise<AuditOptions> {
  const options = readAuditOptions(...given);
  const { freezeOptions } = await import("../plan/options.js"); // zod is slow to load: not for the help
  return freezeOptions(options);
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

function addSubcommands(
  program: Command,
  {
    commands,
    io,
    done,
  }: Pick<ProgramParts, "commands" | "io"> & { readonly done: { code: number } },
): void {
  const json = (): Option => new Option("--json", "print JSON");
  const adapter = (): Option =>
    valued(TUNED_ADAPTER[0], "LoRA adapter (PEFT folder) on top of the model");
  const verbose = (): Option => new Option("--verbose", "causes of errors");
  const subcommand = (name: string, description: string): Command => {
    const command = program.command(name).description(description).allowExcessArguments(false);
    command.exitOverride(explain(command));
    return command.helpOption("-h, --help", "print this help").hook("preAction", () => {
      refuseMisplaced(program, command);
    });
  };

  const plan = subcommand("plan", "what an audit would run, and the memory and disk it needs")
    .argument("<base>", MODEL)
    .argument("[tuned]", "likewise; or --tuned-adapter");
  for (const group of PLANNED) for (const option of GROUPS[group]) plan.addOption(option);
  plan
    .addOption(json())
    .addOption(verbose())
    .action(async (base: string, tuned: string | undefined, raw: RawOptions) => {
      done.code = await commands.plan(await auditOptions({ base, tuned }, raw), io);
    });

  subcommand("inspect", "what is seen in a model: exporter, sites, types, refusals")
    .argument("<model>", MODEL)
    .addOption(adapter())
    .addOption(json())
    .addOption(verbose())
    .action(async (path: string, raw: RawOptions) => {
      done.code = await commands.inspect(readModelOptions(path, raw), io);
    });

  subcommand("gradcheck", "gradients of a model against finite differences")
    .argument("<model>", MODEL)
    .addOption(adapter())
    .addOption(valued("--layers <spec>", withDefault("layers, as in the audit", "layers")))
    .addOption(valued("--seed <n>", withDefault("seed of the random directions", "seed")))
    .addOption(valued("--threads <n>", "CPU threads (default: the quota of this machine)"))
    .addOption(valued("--device <name>", `${DEVICES.join(", ")} or cuda:N (default: cpu)`))
    .addOption(json())
    .addOption(verbose())
    .action(async (path: string, raw: RawOptions) => {
      done.code = await commands.gradcheck(readGradcheckOptions(path, raw), io);
    });

  subcommand("doctor", "what of this machine can be used, and what is missing")
    .addOption(valued("--model <path>", "also: which operators of it each device lacks"))
    .addOption(valued("--device <name>", "only this device's list (default: all)"))
    .addOption(json())
    .addOption(verbose())
    .action(async (raw: RawOptions) => {
      done.code = await commands.doctor(readDoctorOptions(raw), io);
    });

  subcommand("diff", "structure and weights of two models: what differs, by how much")
    .argument("<base>", MODEL)
    .argument("[tuned]", "likewise; or --tuned-adapter")
    .addOption(valued(...TUNED_ADAPTER))
    .addOption(json())
    .addOption(new Option("--quiet", "no progress"))
    .addOption(verbose())
    .action(async (base: string, tuned: string | undefined, raw: RawOptions) => {
      done.code = await commands.diff(readDiffOptions({ base, tuned }, raw), io);
    });

  subcommand("compare", "how alike the layers of two models are: correlative, no verdict")
    .argument("<base>", MODEL)
    .argument("[tuned]", "likewise; or --tuned-adapter")
    .addOption(valued(...TUNED_ADAPTER))
    .addOption(valued("--audit <id|file>", "prompts of this audit; repeatable (default: all)"))
    .addOption(valued("--prompts <file>", "prompts of this text file, one per line"))
    .addOption(valued("--items <n>", `most prompts (default: ${COMPARE_ITEMS})`))
    .addOption(
      valued("--at <place>", 'states of the "last" token, the "mean", or a span (default: last)'),
    )
    .addOption(valued("--layers <spec>", "layers, as in the audit (default: all)"))
    .addOption(valued("--tokenizer <dir>", "folder of the tokenizer (default: the folder of BASE)"))
    .addOption(valued("--seed <n>", withDefault("seed of prompts and halves", "seed")))
    .addOption(valued("--batch <n>", withDefault("rows per run of a model", "batch")))
    .addOption(valued("--threads <n>", "CPU threads (default: the quota of this machine)"))
    .addOption(valued("--device <name>", withDefault(`${DEVICES.join(", ")}, or cuda:N`, "device")))
    .addOption(valued("--html <file>", "also write a page with pictures"))
    .addOption(new Option("--force", "replace that page where it exists"))
    .addOption(json())
    .addOption(new Option("--quiet", "no progress"))
    .addOption(verbose())
    .action(async (base: string, tuned: string | undefined, raw: RawOptions) => {
      done.code = await commands.compare(readCompareOptions({ base, tuned }, raw), io);
    });

  subcommand("report", "a stored result again: printed, or judged by another policy")
    .argument("<result>", "the result.json of an earlier run, or its folder; no model is needed")
    .addOption(valued("--policy <file>", "judge by this policy (default: the one in the result)"))
    .addOption(valued(...FAIL_ON))
    .addOption(valued(...BASELINE))
    .addOption(valued("--format <view>", `${FORMATS.join(", ")} on stdout (default: terminal)`))
    .addOption(
      valued("--out <dir>", "new folder for result.json and report.html (default: print only)"),
    )
    .addOption(valued(...ALSO))
    .addOption(new Option("--force", "replace the output folder where it exists"))
    .addOption(new Option("--json", "print result.json on stdout, and nothing else"))
    .addOption(new Option("--quiet", "no notes and no table"))
    .addOption(verbose())
    .addOption(new Option("--exit-zero", "exit 0 although a variable fails"))
    .action(async (result: string, raw: RawOptions) => {
      done.code = await commands.report(readReportOptions(result, raw), io);
    });

  subcommand("reproduce", "the run of a stored result again, and what differs")
    .argument("<result>", "the result.json of an earlier run, or its folder")
    .addOption(valued("--base <path>", "where BASE lies now (default: where it lay)"))
    .addOption(valued("--tuned <path>", "where TUNED lies now (default: where it lay)"))
    .addOption(valued("--tuned-adapter <dir>", "where the adapter lies now"))
    .addOption(valued("--tokenizer <dir>", "where the tokenizer lies now"))
    .addOption(valued("--audit <id|file>", "audits in place of those named then; repeatable"))
    .addOption(valued("--out <dir>", "new folder for the new result (default: compare only)"))
    .addOption(new Option("--force", "replace OUT where it exists"))
    .addOption(new Option("--json", "print every difference as JSON on stdout"))
    .addOption(new Option("--quiet", "no progress"))
    .addOption(new Option("--json-progress", "progress and errors as JSON lines on stderr"))
    .addOption(verbose())
    .action(async (result: string, raw: RawOptions) => {
      done.code = await commands.reproduce(readReproduceOptions(result, raw), io);
    });

  subcommand("init", "a policy file with every key explained, to be edited")
    .argument("[file]", "the file to write; never over an existing one", DEFAULT_POLICY_FILE)
    .action(async (file: string) => {
      done.code = await commands.init(file, io);
    });

  subcommand("export", "the graph of a Hugging Face folder, pointing into its weights")
    .argument("<folder>", "a folder with config.json and safetensors")
    .argument("<out>", "the .onnx file to write: beside the weights, or in a folder above")
    .addOption(
      new Option("--copy-weights", "write the weights into OUT.data, so that OUT may lie anywhere"),
    )
    .addOption(new Option("--force", "replace OUT where it exists"))
    .addOption(json())
    .addOption(verbose())
    .action(async (folder: string, out: string, raw: RawOptions) => {
      done.code = await commands.export(readExportOptions({ folder, out }, raw), io);
    });

  subcommand(
    "schema",
    "the JSON Schema of a result, an audit file, a policy file or a line of progress",
  )
    .argument("[name]", `${SCHEMAS.slice(0, -1).join(", ")} or ${SCHEMAS.at(-1) ?? ""}`, "result")
    .action(async (name: string) => {
      done.code = await commands.schema(readSchemaName(name), io);
    });

  subcommand("completion", "a script that makes the shell complete these commands")
    .argument("<shell>", "bash, zsh or fish")
    .addHelpText("after", COMPLETION_INSTALL)
    .action(async (shell: string) => {
      done.code = await commands.completion(shell, program, io);
    });
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
