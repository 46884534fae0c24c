/** @file `mas-audit align`: its flags, and what they mean as values. */
import { Option } from "commander";
import { DEFAULTS, MAP_NAMES, METHOD_NAMES } from "../plan/defaults.js";
import { json, noProgress, valued, verbose, withDefault } from "./audit-flags.js";
import type { AlignOptions, Registry } from "./commands.js";
import { OptionReader, type RawOptions } from "./option-reader.js";

/** Coordinates per block, unless said otherwise. */
const K = 4;
/** Steps, unless said otherwise. */
const STEPS = 200;
/** Held-out trials per direction, unless said otherwise. */
const PAIRS = 300;
/** Trials per direction to learn from, unless said otherwise. */
const TRAIN_PAIRS = 1000;
/** Trials per direction in one step, unless said otherwise. */
const BATCH = 64;

/** Adds the command. */
export function addAlignCommand({ subcommand, commands, io, done }: Registry): void {
  subcommand("align", "small networks whose symbolic model is known: MAS, DAS, stitching")
    .argument("<networks...>", "folders with network.json, two or more (one for DAS)")
    .addOption(valued("--method <name>", `${METHOD_NAMES.join(", ")} (default: mas)`))
    .addOption(valued("--map <name>", `${MAP_NAMES.join(", ")} (default: orthogonal)`))
    .addOption(
      valued(
        "--exchange <names>",
        'variables exchanged together, as in "count,phase"; repeatable, a block each (default: all shared ones, one block)',
      ),
    )
    .addOption(valued("--k <n>", `coordinates per block (default: ${K})`))
    .addOption(new Option("--learn-size", "learn how many of them are needed (Boundless DAS)"))
    .addOption(
      new Option("--null-block", "also ask that all outside the blocks can be swapped in vain"),
    )
    .addOption(
      new Option(
        "--stepwise",
        "exchange all positions up to the place, not the one at it (for states that are not carried on)",
      ),
    )
    .addOption(valued("--closed <name>", "network that may only be recorded; repeatable (CLMAS)"))
    .addOption(
      valued("--reference <name>", "learn only pairs with this network; the others never meet"),
    )
    .addOption(
      valued("--rename <task:own=common>", "another name for a task's variable; repeatable"),
    )
    .addOption(valued("--pairs <n>", `held-out trials per direction (default: ${PAIRS})`))
    .addOption(
      valued("--train-pairs <n>", `trials per direction to learn from (default: ${TRAIN_PAIRS})`),
    )
    .addOption(new Option("--any-source", "sources as they come, also those that change nothing"))
    .addOption(valued("--batch <n>", `trials per direction in one step (default: ${BATCH})`))
    .addOption(valued("--steps <n>", `most steps (default: ${STEPS})`))
    .addOption(valued("--seed <n>", withDefault("seed of trials and learning", "seed")))
    .addOption(valued("--seeds <n>", "repeat with so many seeds (default: 1)"))
    .addOption(valued("--threads <n>", "CPU threads (default: the quota of this machine)"))
    .addOption(valued("--maps <file>", "also write the learned maps (safetensors)"))
    .addOption(valued("--html <file>", "also write a page with pictures"))
    .addOption(new Option("--force", "replace these files where they exist"))
    .addOption(json())
    .addOption(noProgress())
    .addOption(verbose())
    .action(async (networks: readonly string[], raw: RawOptions) => {
      done.code = await commands.align(readAlignOptions(networks, raw), io);
    });
}

/** Options of `align`. @throws {@link UsageError} that lists every mistake. */
export function readAlignOptions(networks: readonly string[], raw: RawOptions): AlignOptions {
  const reader = new OptionReader(raw);
  const options = {
    networks,
    method: reader.choice("method", METHOD_NAMES, DEFAULTS.method),
    map: reader.choice("map", MAP_NAMES, DEFAULTS.map),
    exchange: reader.all("exchange").map((names) => names.split(",").map((name) => name.trim())),
    k: reader.number("k", K),
    learnSize: reader.on("learnSize"),
    nullBlock: reader.on("nullBlock"),
    stepwise: reader.on("stepwise"),
    closed: reader.all("closed"),
    reference: reader.one("reference") ?? null,
    rename: reader.all("rename").flatMap((text) => {
      const [, task, own, common] = /^([^:=]+):([^:=]+)=([^:=]+)$/u.exec(text) ?? [];
      if (task !== undefined && own !== undefined && common !== undefined)
        return [{ task, own, common }];
      const expected = 'TASK:OWN=COMMON, as in "arithmetic:value=count"';
      reader.problems.push({ what: "--rename", expected, found: JSON.stringify(text) });
      return [];
    }),
    pairs: reader.number("pairs", PAIRS),
    trainPairs: reader.number("trainPairs", TRAIN_PAIRS),
    anySource: reader.on("anySource"),
    batch: reader.number("batch", BATCH),
    steps: reader.number("steps", STEPS),
    seed: reader.number("seed", DEFAULTS.seed),
    seeds: reader.number("seeds", 1),
    threads: reader.number("threads", DEFAULTS.threads),
    maps: reader.one("maps") ?? null,
    html: reader.one("html") ?? null,
    force: reader.on("force"),
    json: reader.on("json"),
    quiet: reader.on("quiet"),
    verbose: reader.on("verbose"),
  };
  for (const [flag, isGiven] of [
    ["--closed", options.closed.length > 0],
    ["--reference", options.reference !== null],
  ] as const) {
    if (!isGiven || options.method === "mas") continue;
    const expected = "no such flag: only MAS learns all directions";
    reader.problems.push({ what: flag, expected, found: `--method ${options.method}` });
  }
  if (options.stepwise && (options.closed.length > 0 || options.method === "latent-stitching")) {
    const expected = "no learning from natural states: they are known at the place alone";
    const found = options.closed.length > 0 ? "--closed" : `--method ${options.method}`;
    reader.problems.push({ what: "--stepwise", expected, found });
  }
  reader.check();
  return options;
}
