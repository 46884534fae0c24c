/** @file The commands that look at models: their words, options and help. */
import { Option } from "commander";
import { DEVICES } from "../plan/defaults.js";
import { COMPARE_MEASURES } from "../similarity/layer-measures.js";
import type { RawOptions } from "./option-reader.js";
import {
  GROUPS,
  json,
  MODEL,
  noProgress,
  PLANNED,
  TUNED_ADAPTER,
  valued,
  verbose,
  withDefault,
} from "./audit-flags.js";
import type { Registry } from "./commands.js";
import {
  COMPARE_ITEMS,
  readCompareOptions,
  readDiffOptions,
  readDoctorOptions,
  readFrozenOptions,
  readGradcheckOptions,
  readModelOptions,
} from "./read-options.js";

/** Adds them, in the order of the help. */
export function addModelCommands({ subcommand, commands, io, done }: Registry): void {
  const adapter = (): Option =>
    valued(TUNED_ADAPTER[0], "LoRA adapter (PEFT folder) on top of the model");

  const plan = subcommand("plan", "what an audit would run, and the memory and disk it needs")
    .argument("<base>", MODEL)
    .argument("[tuned]", "likewise; or --tuned-adapter");
  for (const group of PLANNED) for (const option of GROUPS[group]) plan.addOption(option);
  plan
    .addOption(json())
    .addOption(verbose())
    .action(async (base: string, tuned: string | undefined, raw: RawOptions) => {
      done.code = await commands.plan(await readFrozenOptions({ base, tuned }, raw), io);
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
    .addOption(noProgress())
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
    .addOption(
      valued("--measures <names>", `only these of ${COMPARE_MEASURES.join(",")} (default: all)`),
    )
    .addOption(new Option("--units", "also match, predict and cluster units; slower"))
    .addOption(valued("--tokenizer <dir>", "folder of the tokenizer (default: the folder of BASE)"))
    .addOption(valued("--seed <n>", withDefault("seed of prompts, halves and draws", "seed")))
    .addOption(valued("--batch <n>", withDefault("rows per run of a model", "batch")))
    .addOption(valued("--threads <n>", "CPU threads (default: the quota of this machine)"))
    .addOption(valued("--device <name>", withDefault(`${DEVICES.join(", ")}, or cuda:N`, "device")))
    .addOption(valued("--html <file>", "also write a page with pictures"))
    .addOption(new Option("--force", "replace that page where it exists"))
    .addOption(json())
    .addOption(noProgress())
    .addOption(verbose())
    .action(async (base: string, tuned: string | undefined, raw: RawOptions) => {
      done.code = await commands.compare(readCompareOptions({ base, tuned }, raw), io);
    });
}
