/**
 * @file The options of the command line as commander knows them: those of the audit by group, and those that several
 * commands share. What they mean as values stands in `option-reader.ts`.
 */
import { Option } from "commander";
import { DEFAULTS, DEVICES, MAP_NAMES, METHOD_NAMES } from "../plan/defaults.js";

/** An option with a value; every value given is kept, so that a second one can be refused. */
export function valued(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  );
}

/** `text (default: value)`, with the value from the table of defaults. */
export function withDefault(text: string, name: keyof typeof DEFAULTS): string {
  return `${text} (default: ${DEFAULTS[name]})`;
}

/** A model as an argument. */
export const MODEL = "a .onnx file, or a folder with one, or with config.json and safetensors";

/** Flags and text of options that several commands take. */
export const TUNED_ADAPTER = [
  "--tuned-adapter <dir>",
  "LoRA adapter (PEFT folder) on top of BASE, in place of TUNED",
] as const;

/** As {@link TUNED_ADAPTER}. */
export const FAIL_ON = [
  "--fail-on <words>",
  'verdicts that close the gate, as in "fails,lost", or "nothing" (default: as the policy says)',
] as const;

/** As {@link TUNED_ADAPTER}. */
export const BASELINE = [
  "--baseline <result>",
  "result.json of an earlier audit: what got worse, better, is new or gone",
] as const;

/** As {@link TUNED_ADAPTER}. */
export const ALSO = [
  "--also <views>",
  'further files in OUT, as in "markdown,junit,sarif"',
] as const;

/** Options of the audit, by heading of its help. */
export const GROUPS = {
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
    valued(
      "--learner <name>",
      withDefault(
        "mas, or tfjs: the same with the slopes of TensorFlow.js, where that is installed",
        "learner",
      ),
    ),
    valued(
      "--method <name>",
      withDefault(`how maps are learned: ${METHOD_NAMES.join(", ")}`, "method"),
    ),
    valued("--map <name>", withDefault(`form of the maps: ${MAP_NAMES.join(", ")}`, "map")),
    valued("--closed <side>", "base or tuned: recorded, never intervened on to learn (CLMAS)"),
    new Option(
      "--joint",
      "learn all variables of an audit together, in blocks of their own, with a null block",
    ),
    new Option("--learn-size", "learn how many of the k dimensions are needed (Boundless DAS)"),
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
      "--max-memory <size>",
      'as in "6GB": refuse what needs more, and keep fewer copies of weights (default: what the machine grants)',
    ),
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
export const PLANNED = [
  "What is asked:",
  "How it is measured:",
  "How it is judged:",
  "Machine:",
] as const;

/** JSON in place of text. */
export const json = (): Option => new Option("--json", "print JSON");
/** More about errors. */
export const verbose = (): Option => new Option("--verbose", "causes of errors");
/** No line of progress. */
export const noProgress = (): Option => new Option("--quiet", "no progress");
