/**
 * @file What can be asked of `audit`: the options of the command line, as values.
 */
import type { ProgressReport } from "../cli/progress-schema.js";
import type { RawOptions } from "../cli/option-reader.js";
import { PlanError, UsageError } from "../errors.js";
import type { CausalAudit } from "../plan/audit.js";
import type { CONTROLS, LEARNERS, MAP_NAMES, METHOD_NAMES } from "../plan/defaults.js";
import type { Side } from "../plan/sides.js";
import type { Device } from "../runtime/session.js";

/** A pair of models and what to ask of them. Every option has the default of the command line. */
export interface AuditRequest {
  /** The model before fine-tuning: a .onnx file, a folder with one, or a Hugging Face folder. */
  readonly base: string;
  /** The model after fine-tuning, likewise; absent where `tunedAdapter` is given. */
  readonly tuned?: string;
  /** Folder of a LoRA adapter (PEFT) on top of the base, in place of `tuned`. */
  readonly tunedAdapter?: string;
  /** Ids of built-in audits, paths of audit files, or audits themselves. @defaultValue all built-in audits */
  readonly audits?: readonly (string | CausalAudit)[];
  /** Variables under test. @defaultValue every variable that an outcome depends on */
  readonly variables?: readonly string[];
  /** Layers, or a spec such as `"every:4"`; 0 is the embedding output. @defaultValue `"spread:8"` */
  readonly layers?: string | readonly number[];
  /** Dimensions of a subspace. @defaultValue classes − 1, at most dModel / 8 */
  readonly k?: number;
  /** Items drawn per audit. @defaultValue 400 */
  readonly items?: number;
  /** Test pairs per verdict. @defaultValue 300 */
  readonly pairs?: number;
  /** Training steps per cell; 0: the closed form only. @defaultValue 60 */
  readonly steps?: number;
  /** Which controls are run beside. @defaultValue `"full"` */
  readonly controls?: (typeof CONTROLS)[number];
  /** Where the slopes of learning come from; `"tfjs"` needs TensorFlow.js beside this package. @defaultValue `"mas"` */
  readonly learner?: (typeof LEARNERS)[number];
  /** How maps are learned. @defaultValue `"mas"` */
  readonly method?: (typeof METHOD_NAMES)[number];
  /** Form of the maps, from strict to free. @defaultValue `"orthogonal"` */
  readonly map?: (typeof MAP_NAMES)[number];
  /** A model that is recorded and never intervened on to learn. @defaultValue none */
  readonly closed?: Side;
  /** Learn how many of the k dimensions are needed; `k` is then the most. @defaultValue false */
  readonly learnSize?: boolean;
  /** Learn all variables of an audit together, in blocks of their own, with a null block. @defaultValue false */
  readonly joint?: boolean;
  /** Seed of every random stream. @defaultValue 0 */
  readonly seed?: number;
  /** Learnings per cell, to show their spread. @defaultValue 1 */
  readonly seeds?: number;
  /** Path of a policy file. @defaultValue the default policy */
  readonly policy?: string;
  /** Rows per run of a model. @defaultValue 64 */
  readonly batch?: number;
  /** Memory that the run may need, with its unit: `"6GB"`. @defaultValue what the machine grants */
  readonly maxMemory?: string;
  /** CPU threads. @defaultValue the quota of this machine */
  readonly threads?: number;
  /** Where the models run. @defaultValue `"auto"` */
  readonly device?: "auto" | Device;
  /** Refuse graphs that the device cannot run as a whole. @defaultValue false */
  readonly strictDevice?: boolean;
  /** Run whole prompts, not only the tokens that change. @defaultValue false */
  readonly referencePath?: boolean;
  /** Folder of the tokenizer. @defaultValue the folder of the base */
  readonly tokenizer?: string;
  /** New folder for the results. @defaultValue none: nothing is kept */
  readonly out?: string;
  /** Replace `out` where it exists. @defaultValue false */
  readonly force?: boolean;
  /** Told of stages, cells and warnings while the audit runs. */
  readonly onProgress?: (report: ProgressReport) => void;
  /** Ends the audit between two batches. */
  readonly signal?: AbortSignal;
}

/** Name of each option on the command line, as its parser stores it; null: no option. */
const OPTIONS: Readonly<Record<keyof AuditRequest, string | null>> = {
  ...{ base: null, tuned: null, onProgress: null, signal: null },
  ...{ audits: "audit", variables: "variable", tunedAdapter: "tunedAdapter", layers: "layers" },
  ...{ k: "k", items: "items", pairs: "pairs", steps: "steps", controls: "controls" },
  ...{
    learner: "learner",
    method: "method",
    map: "map",
    closed: "closed",
    learnSize: "learnSize",
    joint: "joint",
    seed: "seed",
    seeds: "seeds",
    policy: "policy",
    batch: "batch",
    threads: "threads",
  },
  ...{
    maxMemory: "maxMemory",
    device: "device",
    strictDevice: "strictDevice",
    referencePath: "referencePath",
  },
  ...{ tokenizer: "tokenizer", out: "out", force: "force" },
};

/** A request in the words of the command line. */
export interface DescribedRequest {
  readonly base: string;
  readonly tuned: string | undefined;
  readonly raw: RawOptions;
  /** The command that does the same, for the manifest; audits that are objects stand there by their ids. */
  readonly argv: readonly string[];
  readonly custom: readonly CausalAudit[];
}

/** @throws {@link UsageError} with every option that does not exist; {@link PlanError} for an audit with the id of a path. */
export function describeRequest(request: AuditRequest): DescribedRequest {
  const unknown = Object.keys(request).filter((key) => !Object.hasOwn(OPTIONS, key));
  if (unknown.length > 0) {
    throw new UsageError("the request has options that do not exist", {
      code: "UNKNOWN_OPTION",
      expected: Object.keys(OPTIONS).join(", "),
      found: unknown.join(", "),
    });
  }
  const custom = (request.audits ?? []).filter((audit) => typeof audit !== "string");
  custom.forEach(checkId);
  const options = Object.entries(request).flatMap(([key, value]) => {
    const name = OPTIONS[key as keyof AuditRequest]; // checked above
    const texts = textsOf(value as AuditRequest[keyof AuditRequest]); // as entries of the request are
    return name === null || texts === undefined ? [] : [[name, texts] as const];
  });
  const { base, tuned } = request;
  const flags = options.flatMap(([name, texts]) =>
    texts === true ? [flagOf(name)] : texts.flatMap((text) => [flagOf(name), text]),
  );
  const models = tuned === undefined ? [base] : [base, tuned];
  const raw = { ...Object.fromEntries(options), ...(request.onProgress ? {} : { quiet: true }) };
  return { base, tuned, raw: raw as RawOptions, argv: [...models, ...flags], custom }; // quiet is a switch
}

/** The texts that the command line would take; undefined for an option that is left out. */
function textsOf(value: AuditRequest[keyof AuditRequest]): readonly string[] | true | undefined {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  if (value === true) return true;
  if (!isList(value)) return undefined;
  // layers are one text, audits and variables are several
  const layers = value.filter((each) => typeof each === "number");
  if (layers.length > 0) return [layers.join(",")];
  return value.flatMap((each) => (typeof each === "object" ? each.id : String(each)));
}

/** Narrows to the lists of the request; Array.isArray forgets the elements of readonly ones. */
function isList(value: unknown): value is readonly (string | number | CausalAudit)[] {
  return Array.isArray(value);
}

function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Ids and paths of files stand in one list. */
function checkId({ id }: CausalAudit): void {
  if (id !== "" && !/[/\\]|\.json$/i.test(id)) return;
  throw new PlanError("an audit has an id that reads as a path", {
    code: "AUDIT_ID",
    expected: "an id without slashes and without .json at its end",
    found: JSON.stringify(id),
  });
}
