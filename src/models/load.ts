/**
 * @file From a path to a model with known residual sites: read → canonicalise → identify → locate → cross-check.
 */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { LocateError, ModelFormatError, present, type MasAuditError } from "../errors.js";
import { readModel } from "../onnx/decode.js";
import { canonicalise } from "../onnx/passes/index.js";
import type { Adapter, Located, ModelFile } from "./adapter.js";
import { readConfiguration } from "./configuration.js";
import { checkClaims, checkSiteTypes } from "./cross-check.js";
import type { Finding, LocatedModel } from "./located.js";
import { findModelFile } from "./model-path.js";
import { typesOf } from "./value-types.js";

/** What may recognise the model, in order of preference. */
export interface LoadOptions {
  readonly adapters: readonly Adapter[];
}

/**
 * Loads a model and finds its residual sites.
 *
 * @throws {@link ModelFormatError} when the file cannot be read; {@link LocateError} when no adapter finds the
 * residual stream, or what was found contradicts the file's own claims.
 */
export async function loadModel(path: string, { adapters }: LoadOptions): Promise<LocatedModel> {
  const file = readModelFile(path);
  checkOperatorSet(file);
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
export function readModelFile(path: string): ModelFile {
  const file = findModelFile(path);
  const model = readModel(file);
  const passes = canonicalise(model);
  // the folder as named: in a cache of links, the tokenizer stands beside the link and not beside the data
  const folder = dirname(file);
  return { path: file, folder, model, passes, configuration: readConfiguration(folder) };
}

/** Derived graphs use forms (axes as inputs) that came with operator set 13. */
const OLDEST_OPERATOR_SET = 13;

function checkOperatorSet({ path, model }: ModelFile): void {
  const version = model.opsets.get("");
  if (version !== undefined && version >= OLDEST_OPERATOR_SET) return;
  throw new ModelFormatError("the model uses an operator set that is too old", {
    code: "OPERATOR_SET",
    where: path,
    expected: `ai.onnx ${OLDEST_OPERATOR_SET} or newer`,
    found: version === undefined ? "no ai.onnx operators" : `ai.onnx ${version}`,
    hint: "export again with a current exporter, or convert with onnx.version_converter",
  });
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
    .map(({ pass, changes }) => ({ supports: true, text: `${pass}: ${changes} changes` }));
}

function unidentified(adapter: Adapter, against: readonly Finding[]): LocateError {
  return new LocateError("no adapter knows this kind of file", {
    code: "NO_ADAPTER",
    expected: `${adapter.exporters} (adapter "${adapter.id}")`,
    found: against.map(({ text }) => text).join("; "),
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

function checkVocab({ logits }: Located, path: string): number {
  const { shape } = logits.type ?? {};
  const vocab = shape?.at(-1);
  if (shape?.length === 3 && typeof vocab === "number") return vocab;
  throw new LocateError("the logits have an unknown shape", {
    code: "LOGITS_SHAPE",
    where: `${path}, output "${logits.name}"`,
    expected: "[batch, token, vocab] with a known vocabulary size",
    found: shape === undefined ? "no shape" : `[${shape.map((dim) => dim ?? "?").join(", ")}]`,
  });
}
