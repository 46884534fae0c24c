/**
 * @file What a bench is asked: `npm run bench -- [--only step|learning|algebra|audit|capture|load|scaling|soak] [--model HF_DIR] [--json FILE] …`.
 */
import { parseArgs } from "node:util";
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

/** Reads the command line. @throws {@link UsageError} naming all options that are not understood. */
export function readOptions(args: readonly string[], python: string | undefined): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      model: { type: "string" },
      tuned: { type: "string" },
      json: { type: "string" },
      threads: { type: "string" },
      tokens: { type: "string", default: "32" },
      layer: { type: "string" },
      role: { type: "string", default: "last" },
      batch: { type: "string", default: "64" },
      k: { type: "string", default: "16" },
      rows: { type: "string", default: String(DEFAULTS.batch) },
      rounds: { type: "string", default: "7" },
      repeats: { type: "string", default: "3" },
      peers: { type: "string", default: "lean,author" },
      audit: { type: "string", default: "number-agreement" },
      position: { type: "string" },
      steps: { type: "string", default: "375" },
    },
  });
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
    only: names("only", values.only ?? BENCHES.join(), BENCHES),
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
    expected: "options as in the header of test/bench/options.ts",
    found: wrong.join("; "),
  });
}
