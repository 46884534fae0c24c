/**
 * @file From a Hugging Face folder to a generated graph: which family it is, what its configuration asks for, and the
 * weights where they lie.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ModelFormatError } from "../../errors.js";
import type { Model } from "../../onnx/graph.js";
import { nearest } from "../../plan/did-you-mean.js";
import { standingAt } from "../../store/regular-file.js";
import { isJson, readJsonObject, type Json } from "../json-object.js";
import type { Finding } from "../located.js";
import type { Architecture } from "./architecture.js";
import { ConfigReader } from "./config-reader.js";
import type { CheckpointFamily } from "./family.js";
import { generate } from "./generate.js";
import { Parameters } from "./parameters.js";
import { refusalOf } from "./refused-families.js";
import { tiedHead } from "./tied-head.js";
import { hasWeights, openWeights } from "./weights.js";

const CONFIG = "config.json";
/** The largest configurations list some thousand label names. */
const LARGEST_CONFIG_BYTES = 16 << 20;

/** A graph made from a folder. */
export interface Checkpoint {
  readonly family: CheckpointFamily;
  readonly architecture: Architecture;
  readonly model: Model;
  /** Path of the configuration, as the folder was named. */
  readonly configFile: string;
  readonly findings: readonly Finding[];
}

/** Is this a folder with `config.json` and safetensors weights? */
export function isCheckpointFolder(path: string): boolean {
  if (standingAt(path).kind !== "folder") return false;
  return standingAt(join(path, CONFIG)).kind === "file" && hasWeights(path);
}

/**
 * Generates the graph of a folder.
 *
 * @throws {@link ModelFormatError} when the family is not known, the configuration asks for what is not computed, or the
 * weights are not those that it describes.
 */
export function openCheckpoint(folder: string, families: readonly CheckpointFamily[]): Checkpoint {
  const configFile = join(folder, CONFIG);
  const json = readConfig(configFile);
  const family = findFamily(json, configFile, families);
  refuseForms(json, configFile);
  const config = new ConfigReader(json, configFile);
  const architecture = family.architecture(config);
  config.finish(family.keys);
  const weights = openWeights(folder);
  const { model, parameters } = generate(
    { architecture, family: family.id },
    (graph) => new Parameters(graph, weights, family.names),
  );
  const idleHead = tiedHead(architecture, weights);
  parameters.finish(idleHead.known);
  const findings = [
    { supports: true, text: `model_type ${JSON.stringify(json["model_type"])} in ${CONFIG}` },
    {
      supports: true,
      text: `weights ${parameters.dtypes.join(", ")} in ${weights.nFiles} safetensors file${weights.nFiles === 1 ? "" : "s"}, read in place`,
    },
    ...idleHead.findings,
    ...onnxFindings(folder),
  ];
  return { family, architecture, model, configFile, findings };
}

/** A folder may hold both forms; which one was taken must be told. */
function onnxFindings(folder: string): Finding[] {
  const others = [folder, join(folder, "onnx")].flatMap((place) =>
    standingAt(place).kind === "folder"
      ? readdirSync(place).filter((name) => name.endsWith(".onnx"))
      : [],
  );
  const text = `the folder holds ${others.length} .onnx file${others.length === 1 ? "" : "s"} as well; the safetensors were taken (give the path of an .onnx file to take that)`;
  return others.length === 0 ? [] : [{ supports: true, text }];
}

function findFamily(
  json: Json,
  file: string,
  families: readonly CheckpointFamily[],
): CheckpointFamily {
  const type = json["model_type"];
  const family = families.find(({ modelTypes }) => modelTypes.some((each) => each === type));
  if (family !== undefined) return family;
  const known = families.flatMap(({ modelTypes }) => modelTypes);
  const reason = typeof type === "string" ? refusalOf(type) : undefined;
  const near = typeof type === "string" ? nearest(type, known) : undefined;
  throw new ModelFormatError("no graph can be made for this family of checkpoints", {
    code: "CHECKPOINT_FAMILY",
    where: file,
    expected: `"model_type" one of ${known.join(", ")}`,
    found: `${type === undefined ? "no model_type" : JSON.stringify(type)}${reason === undefined ? "" : `: ${reason}`}`,
    hint:
      reason !== undefined
        ? "audit a dense causal language model"
        : `${near === undefined ? "" : `the nearest one known is "${near}"; `}export the model to ONNX and give the .onnx file: optimum-cli export onnx --task text-generation --model DIR OUT`,
  });
}

const CAUSAL = /(ForCausalLM|LMHeadModel)$/;

/** Forms of a known family that are another computation. */
function refuseForms(json: Json, file: string): void {
  const quantised = json["quantization_config"];
  if (isJson(quantised)) {
    const method = quantised["quant_method"];
    throw new ModelFormatError("the weights of this folder are quantised", {
      code: "CHECKPOINT_QUANTISED",
      where: file,
      expected: "float32, float16 or bfloat16 weights, no quantization_config",
      found: `quantization_config with quant_method ${method === undefined ? "not stated" : JSON.stringify(method)}`,
      hint: "give the folder of the unquantised model, or a weight-only quantised ONNX export",
    });
  }
  const classes = json["architectures"];
  const names = Array.isArray(classes) ? classes.map(String) : [];
  if (names.length === 0 || names.some((name) => CAUSAL.test(name))) return;
  throw new ModelFormatError("the folder holds no language model", {
    code: "CHECKPOINT_CLASS",
    where: file,
    expected: '"architectures" with a class that ends in ForCausalLM or LMHeadModel',
    found: names.join(", "),
    hint: "an audit needs the head that predicts tokens: give the causal language model",
  });
}

function readConfig(file: string): Json {
  const read = readJsonObject(file, LARGEST_CONFIG_BYTES);
  if (read.kind === "ok") return read.value;
  throw new ModelFormatError("the configuration of the model cannot be read", {
    code: "CONFIGURATION",
    where: file,
    expected: "a JSON object",
    found: read.found,
    hint: "fetch the file again",
  });
}
