/** @file What a bench is asked: `npm run bench -- --help`. */
import { Command } from "commander";
import { readMachine } from "../../src/cli/machine.js";
import { UsageError } from "../../src/errors.js";
import { DEFAULTS } from "../../src/plan/defaults.js";
import { chooseThreads } from "../../src/plan/threads.js";

/** Which benches there are. */
export const BENCHES = [
  "step",
  "learning",
  "algebra",
  "audit",
  "capture",
  "load",
  "scaling",
  "soak",
] as const;
/** Name of a bench. */
export type BenchName = (typeof BENCHES)[number];

/** Which PyTorch programs a step is compared with. */
export const PEERS = ["lean", "author", "pyvene"] as const;
/** Name of a peer; `path` is what a learning is compared with. */
export type PeerName = (typeof PEERS)[number] | "path";

/** Options of all benches. */
export interface BenchOptions {
  readonly only: readonly BenchName[];
  /** Folder of a checkpoint; the planted demo model stands in where none is given. */
  readonly model: string | undefined;
  /** @defaultValue the model itself: a step costs the same */
  readonly tuned: string | undefined;
  readonly json: string | undefined;
  readonly threads: number;
  readonly tokens: number;
  /** Site: after this block. @defaultValue the middle one */
  readonly layer: number | undefined;
  /** Tokens from the patched one to the last: 1 at the last token. */
  readonly suffix: number;
  /** Pairs per direction; a target runs twice as many rows, a step four times as many. */
  readonly batch: number;
  readonly k: number;
  /** Rows per call of the runtime. */
  readonly rows: number;
  readonly rounds: number;
  /** Steps of ours and of the lean peer per round, of which the median counts. */
  readonly repeats: number;
  readonly peers: readonly (typeof PEERS)[number][];
  /** Of the learning: id of a built-in audit or path of an audit file, and its position role. */
  readonly audit: string;
  readonly position: string | undefined;
  /** Steps of the author's way that are followed. */
  readonly steps: number;
  /** Python that runs the peers; none are run without. */
  readonly python: string | undefined;
}

/** Tokens from the patched one to the last, by position role. */
const SUFFIX: Readonly<Record<string, number>> = { last: 1, focus: 8 };

/** The options as they are written. */
interface Texts extends Readonly<Record<keyof typeof DEFAULT_TEXTS, string>> {
  readonly model?: string;
  readonly tuned?: string;
  readonly json?: string;
  readonly threads?: string;
  readonly layer?: string;
  readonly position?: string;
}

const DEFAULT_TEXTS = {
  only: BENCHES.join(),
  tokens: "32",
  role: "last",
  batch: "64",
  k: "16",
  rows: String(DEFAULTS.batch),
  rounds: "7",
  repeats: "3",
  peers: "lean,author",
  audit: "number-agreement",
  steps: "375",
};

/** Options and their help. */
function benchCommand(): Command {
  const d = DEFAULT_TEXTS;
  return new Command("npm run bench --")
    .description("the benches, one table each; PYTHON names the Python that runs the peers")
    .exitOverride()
    .allowExcessArguments(false)
    .option("--only <names>", "which benches", d.only)
    .option("--model <dir>", "Hugging Face folder (default: the planted demo model)")
    .option("--tuned <dir>", "the other model (default: the same)")
    .option("--json <file>", "also write the figures there")
    .option("--threads <n>", "of ours and of the peers (default: as an audit chooses)")
    .option("--tokens <n>", "of every prompt", d.tokens)
    .option("--layer <n>", "site: after this block (default: the middle one)")
    .option("--role <role>", `of the step: ${Object.keys(SUFFIX).join(" or ")}`, d.role)
    .option("--batch <n>", "pairs per direction of the step", d.batch)
    .option("--k <n>", "dimensions of the subspaces of the step", d.k)
    .option("--rows <n>", "per call of the runtime", d.rows)
    .option("--rounds <n>", "of ours and the peers in turn", d.rounds)
    .option("--repeats <n>", "steps of ours and of the lean peer in each round", d.repeats)
    .option("--peers <names>", `of ${PEERS.join(", ")}`, d.peers)
    .option("--audit <audit>", "of the learning: id or file", d.audit)
    .option(
      "--position <role>",
      "of the learning: its position role (default: the first that is not last)",
    )
    .option("--steps <n>", "of the author's way in the learning", d.steps);
}

/**
 * Reads the command line.
 *
 * @throws {@link UsageError} naming all values that are not understood; `CommanderError` after help was printed, or for an
 * option that there is not.
 */
export function readOptions(args: readonly string[], python: string | undefined): BenchOptions {
  const values = benchCommand().parse(args, { from: "user" }).opts<Texts>();
  const wrong: string[] = [];
  const count = (name: string, text: string): number => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < 1) wrong.push(`--${name} ${text}: a whole number`);
    return number;
  };
  const names = <T extends string>(name: string, text: string, known: readonly T[]): T[] => {
    const asked = text.split(",").filter((each) => each !== "");
    const strange = asked.filter((each) => !known.some((one) => one === each));
    if (strange.length > 0) wrong.push(`--${name} ${strange.join()}: of ${known.join(", ")}`);
    return known.filter((one) => asked.includes(one));
  };
  const suffix = SUFFIX[values.role];
  if (suffix === undefined) wrong.push(`--role ${values.role}: of ${Object.keys(SUFFIX).join()}`);
  const options: BenchOptions = {
    only: names("only", values.only, BENCHES),
    ...{ model: values.model, tuned: values.tuned, json: values.json, python },
    threads: chooseThreads(
      values.threads === undefined ? "auto" : count("threads", values.threads),
      readMachine(),
    ),
    tokens: count("tokens", values.tokens),
    layer: values.layer === undefined ? undefined : count("layer", values.layer),
    suffix: suffix ?? 1,
    batch: count("batch", values.batch),
    k: count("k", values.k),
    rows: count("rows", values.rows),
    rounds: count("rounds", values.rounds),
    repeats: count("repeats", values.repeats),
    peers: names("peers", values.peers, PEERS),
    ...{ audit: values.audit, position: values.position, steps: count("steps", values.steps) },
  };
  if (options.suffix >= options.tokens)
    wrong.push(`--tokens ${values.tokens}: more than the role's`);
  if (wrong.length === 0) return options;
  throw new UsageError("the bench does not understand its options", {
    code: "USAGE",
    expected: "options as in npm run bench -- --help",
    found: wrong.join("; "),
  });
}
