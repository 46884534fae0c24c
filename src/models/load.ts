/**
 * @file From a path to a model with known residual sites: read → canonicalise → identify → locate → cross-check.
 */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { LocateError, present, type MasAuditError } from "../errors.js";
import { readModel } from "../onnx/decode.js";
import { canonicalise, type Precision } from "../onnx/passes/index.js";
import type { Adapter, Located, ModelFile } from "./adapter.js";
import { isCheckpointFolder, openCheckpoint } from "./checkpoint/open.js";
import { readConfiguration } from "./configuration.js";
import { checkClaims, checkSiteTypes } from "./cross-check.js";
import type { Finding, LocatedModel } from "./located.js";
import { factsOf } from "./file-facts.js";
import { findModelFile } from "./model-path.js";
import { checkOperatorSets } from "./operator-sets.js";
import { typesOf } from "./value-types.js";

/** What may recognise the model, in order of preference. */
export interface LoadOptions {
  readonly adapters: readonly Adapter[];
  /**
   * `float32`: half-precision models compute in float32, with their weights as they are. `file`: as the file says; a
   * device with half-precision kernels may run that faster, the CPU cannot.
   *
   * @defaultValue `float32`
   */
  readonly precision?: Precision;
}

/**
 * Loads a model and finds its residual sites.
 *
 * @throws {@link ModelFormatError} when the file cannot be read; {@link LocateError} when no adapter finds the
 * residual stream, or what was found contradicts the file's own claims.
 */
export async function loadModel(
  path: string,
  { adapters, precision }: LoadOptions,
): Promise<LocatedModel> {
  const file = isCheckpointFolder(path)
    ? readCheckpoint(path, adapters)
    : readModelFile(path, precision);
  checkOperatorSets(file.model, file.path);
  const { adapter, located, evidence } = locate(file, adapters);
  const values = [...located.sites, located.logits];
  const types = await typesOf(file.model, values, located.feeds);
  values.forEach((value, i) => (value.type = types[i]));
  const dModel = checkSiteTypes(located.sites, types);
  const vocab = checkVocab(located, file.path);
  const nLayers = located.sites.length - 1;
  const claims = checkClaims({ nLayers, dModel, vocab }, located.feeds, file.configuration);
  const contextLength = file.configuration?.contextLength;
  return {
    path: realpathSync(file.path),
    folder: file.folder,
    adapter: adapter.id,
    evidence: [...evidence, ...located.findings, ...claims],
    model: file.model,
    nLayers,
    dModel,
    vocab,
    ...(contextLength === undefined ? {} : { contextLength }),
    sites: located.sites,
    logits: located.logits,
    feeds: located.feeds,
  };
}

/** Reads a model file and brings it into canonical form. @throws {@link ModelFormatError} as {@link loadModel}. */
export function readModelFile(path: string, precision?: Precision): ModelFile {
  const file = findModelFile(path);
  const model = readModel(file);
  const facts = factsOf(model);
  const passes = canonicalise(model, precision);
  // the folder as named: in a cache of links, the tokenizer stands beside the link and not beside the data
  const folder = dirname(file);
  return { path: file, folder, model, passes, facts, configuration: readConfiguration(folder) };
}

/** Generates the graph of a folder of weights. @throws {@link ModelFormatError} as {@link loadModel}. */
function readCheckpoint(folder: string, adapters: readonly Adapter[]): ModelFile {
  const families = adapters.flatMap(({ checkpoints }) => checkpoints ?? []);
  const { model, configFile, family, findings } = openCheckpoint(folder, families);
  return {
    path: configFile,
    folder,
    model,
    passes: canonicalise(model),
    configuration: readConfiguration(folder),
    checkpoint: { family: family.id, findings },
  };
}

interface Match {
  readonly adapter: Adapter;
  readonly located: Located;
  readonly evidence: readonly Finding[];
}

function locate(file: ModelFile, adapters: readonly Adapter[]): Match {
  const refusals: { adapter: Adapter; error: LocateError; against: number }[] = [];
  for (const adapter of adapters) {
    const evidence = [...adapter.identify(file), ...passFindings(file)];
    const against = evidence.filter(({ supports }) => !supports);
    if (against.length > 0) {
      const error = unidentified(adapter, against);
      refusals.push({ adapter, error, against: against.length });
      continue;
    }
    const outcome = adapter.locate(file, evidence);
    if (outcome.kind === "located") return { adapter, located: outcome.located, evidence };
    refusals.push({ adapter, error: outcome.error, against: 0 });
  }
  // best match first: the adapter that recognised the file and failed later has the most to tell
  const [best] = refusals.sort((a, b) => a.against - b.against);
  throw inFile(present(best, "an adapter").error, file.path);
}

function passFindings({ passes }: ModelFile): Finding[] {
  return passes
    .filter(({ changes }) => changes > 0)
    .map(({ pass, changes, note }) => ({
      supports: true,
      text: `${pass}: ${changes} changes${note === undefined ? "" : ` (${note})`}`,
    }));
}

function unidentified(adapter: Adapter, against: readonly Finding[]): LocateError {
  return new LocateError("no adapter knows this kind of file", {
    code: "NO_ADAPTER",
    expected: `${adapter.exporters} (adapter "${adapter.id}")`,
    found: against.map(({ text }) => text).join("; "),
    hint: "run `mas-audit inspect` on the file, or export it again: optimum-cli export onnx --task text-generation --model DIR OUT",
  });
}

/** The same refusal with the file named; adapters know no paths. */
function inFile(error: MasAuditError, path: string): LocateError {
  const { code, where, expected, found, hint } = error;
  return new LocateError(error.message, {
    code,
    where: where === undefined ? path : `${path}, ${where}`,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

/** A vocabulary may be padded or cut a little; a head much smaller than the table speaks of classes and not of tokens. */
const LEAST_SHARE_OF_TABLE = 0.5;

function checkVocab({ logits, tableRows = 0 }: Located, path: string): number {
  const { shape } = logits.type ?? {};
  const vocab = shape?.at(-1);
  if (shape?.length === 3 && typeof vocab === "number") {
    if (vocab >= LEAST_SHARE_OF_TABLE * tableRows) return vocab;
    throw new LocateError("the model has a task head and no language-model head", {
      code: "TASK_HEAD",
      where: `${path}, output "${logits.name}"`,
      expected: `logits over the vocabulary, about ${tableRows} tokens`,
      found: `${vocab} classes`,
      hint: "audit the language model: a head of classes cannot be asked what comes next",
    });
  }
  throw new LocateError("the logits have an unknown shape", {
    code: "LOGITS_SHAPE",
    where: `${path}, output "${logits.name}"`,
    expected: "[batch, token, vocab] with a known vocabulary size",
    found: shape === undefined ? "no shape" : `[${shape.map((dim) => dim ?? "?").join(", ")}]`,
    hint: "export the model with the language-model head and declared output shapes",
  });
}
