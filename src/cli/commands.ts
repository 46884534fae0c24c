/**
 * @file What the command line needs from the rest of the program: one handler per command, and the streams that a
 * handler may write to. `program.ts` knows only this, so that `--help` never loads a runtime.
 */
import type { Command } from "commander";
import type { Device } from "../plan/defaults.js";
import type { AuditOptions } from "../plan/options.js";
import type { AlsoView, Format } from "../report/view-names.js";
import type { CompareMeasure } from "../similarity/layer-measures.js";

/** A stream that a command writes to. */
export interface Sink {
  write(text: string): void;
  /** A person is watching: progress may redraw its line. */
  readonly isTerminal: boolean;
  /** Width in columns; 80 where unknown. */
  readonly columns: number;
  /** Colour is wanted (a terminal, and neither NO_COLOR nor TERM=dumb). */
  readonly colour: boolean;
}

/** Everything that a handler may touch of the process it runs in. */
export interface Io {
  /** The result, and nothing else. */
  readonly stdout: Sink;
  /** The conversation: progress, notes, errors. */
  readonly stderr: Sink;
  /** Aborted by Ctrl-C; long work calls `signal.throwIfAborted()` between batches. */
  readonly signal: AbortSignal;
  /** The arguments as typed, without node and the script: what a reader needs to repeat the run. */
  readonly argv: readonly string[];
}

/** Options shared by the commands that look at one model. */
export interface ModelOptions {
  /** A .onnx file or a folder that holds one. */
  readonly model: string;
  /** Folder of a LoRA adapter on top of the model. */
  readonly tunedAdapter?: string | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Options of `mas-audit diff`. */
export interface DiffOptions {
  /** A .onnx file or a folder that holds one. */
  readonly base: string;
  /** As `base`; null where an adapter on top of it stands for it. */
  readonly tuned: string | null;
  /** Folder of a LoRA adapter on top of the base. */
  readonly tunedAdapter?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Options of `mas-audit compare`. */
export interface CompareOptions {
  /** A .onnx file or a folder that holds one. */
  readonly base: string;
  /** As `base`; null where an adapter on top of it stands for it. */
  readonly tuned: string | null;
  /** Folder of a LoRA adapter on top of the base. */
  readonly tunedAdapter?: string | undefined;
  /** Ids or files of audits whose prompts are used; empty = all built-in ones. */
  readonly audits: readonly string[];
  /** File with one prompt per line, in place of audits. */
  readonly prompts: string | null;
  /** Most prompts that are used. */
  readonly items: number;
  /** `last`, `mean`, or a span of the audits. */
  readonly at: string;
  /** Layer spec as typed; see `plan/layers.ts`. */
  readonly layers: string;
  /** What is worked out, each once and in the order of {@link COMPARE_MEASURES}; null = all. */
  readonly measures: readonly CompareMeasure[] | null;
  /** Also compare the units of layers. */
  readonly units: boolean;
  /** Folder of the tokenizer; null = the folder of the base model. */
  readonly tokenizer: string | null;
  readonly seed: number;
  /** Rows per run of a model. */
  readonly batch: number;
  /** CPU threads of the runtime; `"auto"` = the machine's quota. */
  readonly threads: number | "auto";
  readonly device: Device;
  /** File of the page, as an absolute path; null = none. */
  readonly html: string | null;
  /** Replace that file. */
  readonly force: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Options of `mas-audit align`. */
export interface AlignOptions {
  /** Folders of small networks. */
  readonly networks: readonly string[];
  readonly method: "mas" | "das" | "unimas" | "stitching" | "latent-stitching";
  readonly map: "orthogonal" | "scaled" | "relaxed" | "invertible" | "linear" | "coupling";
  /** Variables of each block; empty = all shared ones in one block. */
  readonly exchange: readonly (readonly string[])[];
  /** Coordinates per block. */
  readonly k: number;
  readonly learnSize: boolean;
  readonly nullBlock: boolean;
  readonly stepwise: boolean;
  /** Names of networks that may only be recorded. */
  readonly closed: readonly string[];
  /** Name of the network that all learned pairs hold; null = every pair is learned. */
  readonly reference: string | null;
  /** Other names for variables of a task. */
  readonly rename: readonly {
    readonly task: string;
    readonly own: string;
    readonly common: string;
  }[];
  /** Held-out trials per direction. */
  readonly pairs: number;
  /** Trials per direction to learn from. */
  readonly trainPairs: number;
  /** Whether sources may also change nothing. */
  readonly anySource: boolean;
  /** Trials per direction in one step. */
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
  readonly seeds: number;
  /** CPU threads of the runtime; `"auto"` = the machine's quota. */
  readonly threads: number | "auto";
  /** File for the learned maps; null = none. */
  readonly maps: string | null;
  /** File for the page; null = none. */
  readonly html: string | null;
  /** Replaces these files where they exist. */
  readonly force: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Options of `mas-audit gradcheck`. */
export interface GradcheckOptions extends ModelOptions {
  /** Layer spec as typed, for example `3,7-9`; see `plan/layers.ts`. */
  readonly layers: string;
  readonly seed: number;
  /** CPU threads of the runtime; `"auto"` = the machine's quota. */
  readonly threads: number | "auto";
  readonly device: Device;
}

/** Options of `mas-audit doctor`. */
export interface DoctorOptions {
  /** A model whose graphs are compared with the kernels of the devices; null = none. */
  readonly model: string | null;
  /** The device whose kernels are asked for; `"auto"` = every device that has a list. */
  readonly device: Device;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Options of `mas-audit export`. */
export interface ExportOptions {
  /** A folder with config.json and safetensors. */
  readonly folder: string;
  /** The .onnx file to write. */
  readonly out: string;
  /** Write the weights beside the file, instead of pointing to them. */
  readonly copy: boolean;
  readonly force: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Options of `mas-audit report`. */
export interface ReportOptions {
  /** A result.json, or the folder that holds one. */
  readonly result: string;
  /** Policy file; absent = the policy in the result. */
  readonly policy?: string | undefined;
  /** Verdicts that close the gate, in place of the policy's. */
  readonly failOn?: readonly string[];
  /** Result of an earlier audit to compare with. */
  readonly baseline?: string;
  /** What is printed on stdout. */
  readonly format: Format;
  /** Views that are written beside the result and its page. */
  readonly also?: readonly AlsoView[];
  /** Folder to write result.json and report.html into, as an absolute path; null = print only. */
  readonly out: string | null;
  readonly force: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly exitZero: boolean;
}

/** Options of `mas-audit reproduce`. Paths that are null lie where the result says. */
export interface ReproduceOptions {
  /** A result.json, or the folder that holds one. */
  readonly result: string;
  readonly base: string | null;
  readonly tuned: string | null;
  readonly tunedAdapter: string | null;
  readonly tokenizer: string | null;
  /** Ids and files in place of those of the result; empty = as there. */
  readonly audits: readonly string[];
  /** Folder for the new result, as an absolute path; null = compare only. */
  readonly out: string | null;
  readonly force: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly jsonProgress?: boolean;
  readonly verbose: boolean;
}

/** Name of the policy file that `mas-audit init` writes unless told otherwise. */
export const DEFAULT_POLICY_FILE = "mas-audit-policy.yaml";

/** Schemas that `mas-audit schema` prints. */
export const SCHEMAS = ["result", "audit", "policy", "progress", "compare", "alignment"] as const;
/** Name of a schema that `mas-audit schema` prints. */
export type SchemaName = (typeof SCHEMAS)[number];

/**
 * The handlers of the commands. Each resolves to the exit code; a thrown `MasAuditError` brings its own, and
 * anything else thrown is a bug of ours (70), except the abort reason of `io.signal` (130).
 */
export interface Commands {
  /** 0 = every verdict passes (or `--exit-zero`), 1 = the gate is closed. */
  audit(options: AuditOptions, io: Io): Promise<number>;
  /** What the audit would run; 0 whatever it would need. */
  plan(options: AuditOptions, io: Io): Promise<number>;
  inspect(options: ModelOptions, io: Io): Promise<number>;
  gradcheck(options: GradcheckOptions, io: Io): Promise<number>;
  diff(options: DiffOptions, io: Io): Promise<number>;
  /** Correlative measures between layers; 0 whatever they are. */
  compare(options: CompareOptions, io: Io): Promise<number>;
  /** Small networks aligned; 0 whatever is found. */
  align(options: AlignOptions, io: Io): Promise<number>;
  export(options: ExportOptions, io: Io): Promise<number>;
  /** As of the audit: 1 = the gate is closed under the policy asked for. */
  report(options: ReportOptions, io: Io): Promise<number>;
  /** 0 = the same numbers and words, 1 = something differs. */
  reproduce(options: ReproduceOptions, io: Io): Promise<number>;
  schema(name: SchemaName, io: Io): Promise<number>;
  /** Writes a policy file with every key explained; never over an existing one. */
  init(file: string, io: Io): Promise<number>;
  /** Prints the script that makes a shell complete this command line. */
  completion(shell: string, program: Command, io: Io): Promise<number>;
  /** 0 = the CPU can be used, whatever else cannot. */
  doctor(options: DoctorOptions, io: Io): Promise<number>;
}

/** What a command is added with. */
export interface Registry {
  readonly commands: Commands;
  readonly io: Io;
  readonly program: Command;
  /** Where the exit code goes. */
  readonly done: { code: number };
  /** Begins one more command. */
  readonly subcommand: (name: string, description: string) => Command;
}
