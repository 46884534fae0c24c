/**
 * @file From the texts on the command line to checked options of each command: strict, and with all mistakes at once.
 */
import { basename, dirname, resolve } from "node:path";
import { closest } from "fastest-levenshtein";
import { CONTROLS, DEFAULTS } from "../plan/defaults.js";
import type { AuditOptions } from "../plan/options.js";
import { throwProblems } from "../plan/problems.js";
import { COMPARE_MEASURES } from "../similarity/layer-measures.js";
import type { NamedPair } from "./load-models.js";
import {
  SCHEMAS,
  type CompareOptions,
  type DiffOptions,
  type DoctorOptions,
  type ExportOptions,
  type GradcheckOptions,
  type ModelOptions,
  type ReportOptions,
  type ReproduceOptions,
  type SchemaName,
} from "./commands.js";
import { OptionReader, quotedList, type RawOptions } from "./option-reader.js";

/** Options of the audit. @throws {@link UsageError} that lists every mistake. */
export function readAuditOptions(
  models: { readonly base: string; readonly tuned: string | undefined },
  raw: RawOptions,
): AuditOptions {
  const reader = new OptionReader(raw);
  const pair = reader.pair(models);
  const out = reader.one("out") ?? defaultOutput(pair);
  const options = {
    ...pair,
    audits: reader.all("audit"),
    variables: reader.all("variable"),
    layers: reader.layers(),
    k: reader.number("k", DEFAULTS.k),
    items: reader.number("items", DEFAULTS.items),
    pairs: reader.number("pairs", DEFAULTS.pairs),
    steps: reader.number("steps", DEFAULTS.steps),
    controls: reader.choice("controls", CONTROLS, DEFAULTS.controls),
    ...reader.learner(),
    ...reader.maps(),
    seed: reader.number("seed", DEFAULTS.seed),
    seeds: reader.number("seeds", DEFAULTS.seeds),
    ...reader.policy(),
    ...reader.judging(),
    batch: reader.number("batch", DEFAULTS.batch),
    threads: reader.number("threads", DEFAULTS.threads),
    ...reader.maxMemory(),
    device: reader.device(),
    strictDevice: reader.on("strictDevice"),
    referencePath: reader.on("referencePath"),
    tokenizer: reader.one("tokenizer") ?? null,
    out: resolve(out),
    ...reader.output(),
    ...reader.also(),
    ...reader.jsonProgress(),
  };
  reader.check();
  return options;
}

/** The same, held to its schema. @throws {@link UsageError} that lists every mistake. */
export async function readFrozenOptions(
  ...given: Parameters<typeof readAuditOptions>
): Promise<AuditOptions> {
  const options = readAuditOptions(...given);
  const { freezeOptions } = await import("../plan/options.js"); // zod is slow to load: not for the help
  return freezeOptions(options);
}

/** Options of `inspect`. @throws {@link UsageError} that lists every mistake. */
export function readModelOptions(model: string, raw: RawOptions): ModelOptions {
  const reader = new OptionReader(raw);
  const options = reader.model(model);
  reader.check();
  return options;
}

/** Options of `diff`. @throws {@link UsageError} that lists every mistake. */
export function readDiffOptions(
  models: { readonly base: string; readonly tuned: string | undefined },
  raw: RawOptions,
): DiffOptions {
  const reader = new OptionReader(raw);
  const options = {
    ...reader.pair(models),
    json: reader.on("json"),
    quiet: reader.on("quiet"),
    verbose: reader.on("verbose"),
  };
  reader.check();
  return options;
}

/** Prompts of a comparison, unless said otherwise. */
export const COMPARE_ITEMS = 1000;

/** Options of `compare`. @throws {@link UsageError} that lists every mistake. */
export function readCompareOptions(
  models: { readonly base: string; readonly tuned: string | undefined },
  raw: RawOptions,
): CompareOptions {
  const reader = new OptionReader(raw);
  reader.notBoth("prompts", "audit");
  const html = reader.one("html");
  reader.together("force", "html");
  const asked = reader.listed("measures", COMPARE_MEASURES);
  const options = {
    ...reader.pair(models),
    audits: reader.all("audit"),
    prompts: reader.one("prompts") ?? null,
    items: reader.number("items", COMPARE_ITEMS),
    at: reader.one("at") ?? "last",
    layers: reader.layers("all"),
    measures: asked === undefined ? null : COMPARE_MEASURES.filter((name) => asked.includes(name)),
    units: reader.on("units"),
    tokenizer: reader.one("tokenizer") ?? null,
    seed: reader.number("seed", DEFAULTS.seed),
    batch: reader.number("batch", DEFAULTS.batch),
    threads: reader.number("threads", DEFAULTS.threads),
    device: reader.device(),
    html: html === undefined ? null : resolve(html),
    force: reader.on("force"),
    json: reader.on("json"),
    quiet: reader.on("quiet"),
    verbose: reader.on("verbose"),
  };
  reader.check();
  return options;
}

/** Options of `export`. */
export function readExportOptions(
  { folder, out }: { readonly folder: string; readonly out: string },
  raw: RawOptions,
): ExportOptions {
  const reader = new OptionReader(raw);
  return {
    folder,
    out,
    copy: reader.on("copyWeights"),
    force: reader.on("force"),
    json: reader.on("json"),
    verbose: reader.on("verbose"),
  };
}

/** Options of `report`. @throws {@link UsageError} that lists every mistake. */
export function readReportOptions(result: string, raw: RawOptions): ReportOptions {
  const reader = new OptionReader(raw);
  const out = reader.one("out");
  reader.together("force", "out");
  reader.together("also", "out");
  const options = {
    result,
    ...reader.policy(),
    ...reader.judging(),
    ...reader.also(),
    format: reader.format(),
    out: out === undefined ? null : resolve(out),
    ...reader.output(),
  };
  reader.check();
  return options;
}

/** Options of `reproduce`. @throws {@link UsageError} that lists every mistake. */
export function readReproduceOptions(result: string, raw: RawOptions): ReproduceOptions {
  const reader = new OptionReader(raw);
  const out = reader.one("out");
  reader.together("force", "out");
  const { tunedAdapter = null } = reader.adapter();
  const options = {
    result,
    ...{ base: reader.one("base") ?? null, tuned: reader.one("tuned") ?? null, tunedAdapter },
    tokenizer: reader.one("tokenizer") ?? null,
    audits: reader.all("audit"),
    out: out === undefined ? null : resolve(out),
    ...{ force: reader.on("force"), json: reader.on("json"), quiet: reader.on("quiet") },
    ...reader.jsonProgress(),
    verbose: reader.on("verbose"),
  };
  if (tunedAdapter !== null && options.tuned !== null) {
    const found = JSON.stringify(options.tuned);
    reader.problems.push({ what: "--tuned-adapter", expected: "no --tuned beside it", found });
  }
  reader.check();
  return options;
}

/** Options of `gradcheck`. @throws {@link UsageError} that lists every mistake. */
export function readGradcheckOptions(model: string, raw: RawOptions): GradcheckOptions {
  const reader = new OptionReader(raw);
  const options = {
    ...reader.model(model),
    layers: reader.layers(),
    seed: reader.number("seed", DEFAULTS.seed),
    threads: reader.number("threads", DEFAULTS.threads),
    device: reader.device("cpu"),
  };
  reader.check();
  return options;
}

/** Options of `doctor`. @throws {@link UsageError} that lists every mistake. */
export function readDoctorOptions(raw: RawOptions): DoctorOptions {
  const reader = new OptionReader(raw);
  const options = {
    model: reader.one("model") ?? null,
    device: reader.device(),
    json: reader.on("json"),
    verbose: reader.on("verbose"),
  };
  reader.check();
  return options;
}

/** Name of a schema. @throws {@link UsageError} for any other. */
export function readSchemaName(text: string): SchemaName {
  const name = SCHEMAS.find((schema) => schema === text);
  if (name !== undefined) return name;
  const problem = { what: "schema", expected: quotedList(SCHEMAS), found: JSON.stringify(text) };
  throwProblems([{ ...problem, hint: `did you mean "${closest(text, SCHEMAS)}"?` }], {
    kind: "usage",
    code: "BAD_ARGUMENT",
    of: "command line",
  });
  return "result";
}

/** `mas-audit-<base>-<tuned>`: the same command finds the same folder again, which is what resuming stands on. */
function defaultOutput({ base, tuned, tunedAdapter }: NamedPair): string {
  return `mas-audit-${modelName(base)}-${modelName(tunedAdapter ?? tuned ?? "tuned")}`;
}

/** Name of a model: of its file, or of its folder where the file is called `model.onnx`. */
function modelName(path: string): string {
  const absolute = resolve(path);
  const file = basename(absolute).replace(/\.onnx$/i, "");
  const name =
    file === "model" && absolute.toLowerCase().endsWith(".onnx")
      ? basename(dirname(absolute))
      : file;
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, "_") || "model";
}
