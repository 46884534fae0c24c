/** @file The commands about files: stored results, policies, generated graphs, schemas, completion scripts. */
import { Option } from "commander";
import { FORMATS } from "../report/view-names.js";
import { ALSO, BASELINE, FAIL_ON, json, noProgress, valued, verbose } from "./audit-flags.js";
import { DEFAULT_POLICY_FILE, SCHEMAS, type Registry } from "./commands.js";
import { COMPLETION_INSTALL } from "./help.js";
import type { RawOptions } from "./option-reader.js";
import {
  readExportOptions,
  readReportOptions,
  readReproduceOptions,
  readSchemaName,
} from "./read-options.js";

/** Adds them, in the order of the help. */
export function addFileCommands({ program, subcommand, commands, io, done }: Registry): void {
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
    .addOption(noProgress())
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
