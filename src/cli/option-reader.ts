/**
 * @file Values of command-line options, one kind at a time: each is read strictly, and mistakes are kept until all are known.
 */
import { UsageError } from "../errors.js";
import {
  ALSO_VIEWS,
  DEFAULTS,
  DEVICES,
  LEARNERS,
  MAP_NAMES,
  METHOD_NAMES,
  parseDevice,
  type Device,
} from "../plan/defaults.js";
import { didYouMean } from "../plan/did-you-mean.js";
import { parseLayerSpec } from "../plan/layers.js";
import type { AuditOptions, MapOptions } from "../plan/options.js";
import { SIDES } from "../plan/sides.js";
import { throwProblems, type Problem } from "../plan/problems.js";
import { FORMATS, type AlsoView, type Format } from "../report/view-names.js";
import { VERDICT_WORDS, type VariableWord } from "../verdict/verdicts.js";
import type { ModelOptions } from "./commands.js";
import type { NamedPair } from "./load-models.js";

/** Options as commander collects them: every value that was given, in order; switches as true. */
export type RawOptions = Readonly<Record<string, readonly string[] | true | undefined>>;

/** Stands for no word at all in `--fail-on`. */
const NOTHING = "nothing";

/** Range of each number option; the upper ends stop typing errors, not machines. */
const NUMBERS = {
  k: { least: 1, most: 65_536 },
  items: { least: 1, most: 1_000_000 },
  pairs: { least: 1, most: 1_000_000 },
  trainPairs: { least: 1, most: 1_000_000 },
  steps: { least: 0, most: 100_000 },
  seed: { least: 0, most: 4_294_967_295 },
  seeds: { least: 1, most: 100 },
  batch: { least: 1, most: 4_096 },
  threads: { least: 1, most: 1_024 },
} as const;

/** Bytes of the units that memory is written in. */
const MEMORY_UNITS: Readonly<Record<string, number>> = {
  ...{ MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
};

type NumberOption = keyof typeof NUMBERS;

/** Reads values one by one and keeps the mistakes. */
export class OptionReader {
  readonly problems: Problem[] = [];

  constructor(private readonly raw: RawOptions) {}

  /** The switch is on. */
  on(name: string): boolean {
    return this.raw[name] === true;
  }

  /** All values of a repeatable option. */
  all(name: string, flag = name): readonly string[] {
    const values = this.raw[name];
    if (values === undefined || values === true) return [];
    if (values.includes("")) this.problem(flag, "a text", '""');
    return values;
  }

  /** The value of an option that may stand once. */
  one(name: string, flag = name): string | undefined {
    const values = this.all(name, flag);
    if (values.length > 1) this.problem(flag, "to be given once", `${values.length} times`);
    return values[0];
  }

  /** A whole number in the option's range, in plain digits. */
  number<Fallback>(name: NumberOption, fallback: Fallback): number | Fallback {
    const text = this.one(name);
    if (text === undefined || text === fallback) return fallback;
    const { least, most } = NUMBERS[name];
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    const words = typeof fallback === "string" ? ` or "${fallback}"` : "";
    this.problem(name, `a whole number from ${least} to ${most}${words}`, JSON.stringify(text));
    return fallback;
  }

  device(fallback: Device = DEFAULTS.device): Device {
    const text = this.one("device");
    if (text === undefined) return fallback;
    const device = parseDevice(text);
    if (device === undefined) {
      this.problem("device", quotedList([...DEVICES, "cuda:N"]), JSON.stringify(text));
    }
    return device ?? fallback;
  }

  /** `--max-memory` in bytes; a unit is asked for, because a bare number could mean any. */
  maxMemory(): { readonly maxMemory?: number } {
    const text = this.one("maxMemory", "max-memory");
    if (text === undefined) return {};
    const [, number = "", unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?) ?([MGT]i?B)$/.exec(text) ?? [];
    const bytes = Math.floor(Number(number) * (MEMORY_UNITS[unit] ?? NaN));
    if (bytes > 0) return { maxMemory: bytes };
    this.problem("max-memory", 'a size such as "6GB", "800MB" or "5.5GiB"', JSON.stringify(text));
    return {};
  }

  layers(fallback: string = DEFAULTS.layers): string {
    const text = this.one("layers") ?? fallback;
    const spec = parseLayerSpec(text);
    if (!("kind" in spec)) this.problems.push(...spec);
    return text;
  }

  /** One of a few words. */
  choice<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const text = this.one(name);
    const word = words.find((known) => known === text);
    if (text !== undefined && word === undefined)
      this.problem(name, quotedList(words), JSON.stringify(text));
    return word ?? fallback;
  }

  /** The learner of `--learner`, where it is not the built-in one. */
  learner(): { readonly learner?: "tfjs" } {
    const learner = this.choice("learner", LEARNERS, DEFAULTS.learner);
    return learner === "mas" ? {} : { learner };
  }

  /** Which maps are learned, as far as it is not MAS with rotations; what does not go together is a mistake. */
  maps(): MapOptions {
    const method = this.choice("method", METHOD_NAMES, DEFAULTS.method);
    const map = this.choice("map", MAP_NAMES, DEFAULTS.map);
    const isClosed = this.one("closed") !== undefined;
    const closed = this.choice("closed", SIDES, "base");
    const learnSize = this.on("learnSize");
    if (isClosed && method !== "mas")
      this.problem("closed", "no such flag: only MAS learns all directions", `--method ${method}`);
    const [k] = this.all("k");
    if (learnSize && !(Number(k) >= 2))
      this.problem("learn-size", "--k beside it, 2 or more: the most that may be kept", "one dimension"); // prettier-ignore
    const joint = this.on("joint");
    if (joint && method !== "mas")
      this.problem(
        "joint",
        "no such flag: only MAS learns several variables",
        `--method ${method}`,
      );
    if (joint && learnSize)
      this.problem("joint", "no --learn-size beside it: the blocks lie one after the other", "both"); // prettier-ignore
    if (joint && this.all("variable").length > 0)
      this.problem("joint", "no --variable beside it: all variables of an audit are learned", "both"); // prettier-ignore
    const chosen: MapOptions = {
      ...(method !== DEFAULTS.method && { method }),
      ...(map !== DEFAULTS.map && { map }),
      ...(isClosed && { closed }),
      ...(learnSize && { learnSize }),
      ...(joint && { joint }),
    };
    const [other] = Object.keys(chosen);
    if (other !== undefined && this.one("learner") === "tfjs")
      this.problem("learner", "only MAS with rotations beside it: --learner tfjs knows no other maps", `--${other === "learnSize" ? "learn-size" : other}`); // prettier-ignore
    return chosen;
  }

  /** The file of `--policy`, where one is given. */
  policy(): { readonly policy?: string } {
    const policy = this.one("policy");
    return policy === undefined ? {} : { policy };
  }

  /** How a result is judged besides its policy: `--fail-on` and `--baseline`. */
  judging(): { readonly failOn?: readonly VariableWord[]; readonly baseline?: string } {
    const words = this.listed("failOn", [...VERDICT_WORDS, NOTHING], "fail-on");
    const baseline = this.one("baseline");
    if (words?.includes(NOTHING) === true && words.length > 1)
      this.problem("fail-on", `no other word beside "${NOTHING}"`, JSON.stringify(words.join(",")));
    const failOn = words?.filter((word) => word !== NOTHING);
    return {
      ...(failOn === undefined ? {} : { failOn }),
      ...(baseline === undefined ? {} : { baseline }),
    };
  }

  /** Views to write beside the result. */
  also(): { readonly also?: readonly AlsoView[] } {
    const also = this.listed("also", ALSO_VIEWS);
    return also === undefined ? {} : { also };
  }

  /** Words joined by commas, each one of `known`; undefined where the option is not given. */
  listed<T extends string>(
    name: string,
    known: readonly T[],
    flag = name,
  ): readonly T[] | undefined {
    const text = this.one(name, flag);
    if (text === undefined) return undefined;
    return text.split(",").flatMap((part): readonly T[] => {
      const word = known.find((each) => each === part.trim());
      if (word !== undefined) return [word];
      const { hint } = didYouMean(part.trim(), known);
      this.problem(flag, `words of ${quotedList(known)}, joined by commas`, JSON.stringify(part), hint); // prettier-ignore
      return [];
    });
  }

  /** What a stored result is printed as; `--json` is short for one of them. */
  format(): Format {
    const format = this.choice("format", FORMATS, this.on("json") ? "json" : "terminal");
    if (this.on("json") && format !== "json")
      this.problem("json", `no --format ${format} beside it`, "both");
    return format;
  }

  /** What is printed and written, and how the command ends. */
  output(): Pick<AuditOptions, "force" | "json" | "quiet" | "verbose" | "exitZero"> {
    return {
      force: this.on("force"),
      json: this.on("json"),
      quiet: this.on("quiet"),
      verbose: this.on("verbose"),
      exitZero: this.on("exitZero"),
    };
  }

  /** `--json-progress`; beside `--quiet` it would have nothing to say. */
  jsonProgress(): { readonly jsonProgress?: boolean } {
    if (!this.on("jsonProgress")) return {};
    if (this.on("quiet")) this.problem("json-progress", "no --quiet beside it", "--quiet");
    return { jsonProgress: true };
  }

  /** One model, as the commands that look at one take it. */
  model(path: string): ModelOptions {
    return {
      model: path,
      ...this.adapter(),
      json: this.on("json"),
      verbose: this.on("verbose"),
    };
  }

  /** The folder of `--tuned-adapter`, where one is given. */
  adapter(): { readonly tunedAdapter?: string } {
    const tunedAdapter = this.one("tunedAdapter", "tuned-adapter");
    return tunedAdapter === undefined ? {} : { tunedAdapter };
  }

  /** BASE with TUNED or with an adapter, never both. */
  pair({ base, tuned }: { readonly base: string; readonly tuned: string | undefined }): NamedPair {
    const adapter = this.adapter();
    const [given, wanted] = [tuned !== undefined, adapter.tunedAdapter !== undefined];
    if (given && wanted) this.problem("tuned-adapter", "no TUNED beside it", JSON.stringify(tuned));
    if (!given && !wanted)
      throw new UsageError("mas-audit", {
        code: "MISSING_ARGUMENT",
        expected: "BASE and TUNED, or BASE and --tuned-adapter DIR",
        found: "no TUNED",
        hint: "run `mas-audit --help`",
      });
    return { base, tuned: tuned ?? null, ...adapter };
  }

  /** @throws {@link UsageError} that lists every mistake so far. */
  check(): void {
    throwProblems(this.problems, { kind: "usage", code: "BAD_OPTION", of: "command line" });
  }

  /** `name` says something only beside `other`. */
  together(name: string, other: string): void {
    if (this.raw[name] !== undefined && this.one(other) === undefined)
      this.problem(name, `--${other} beside it`, `no --${other}`);
  }

  /** `name` and `other` ask for different things. */
  notBoth(name: string, other: string): void {
    if (this.one(name) !== undefined && this.all(other).length > 0)
      this.problem(name, `no --${other} beside it`, `--${other}`);
  }

  private problem(name: string, expected: string, found: string, hint?: string): void {
    const told = hint === undefined ? {} : { hint };
    this.problems.push({ what: `--${name}`, expected, found, ...told });
  }
}

/** `"auto", "cpu" or "cuda"` */
export function quotedList(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1) ?? ""}`;
}
