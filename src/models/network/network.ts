/** @file A small network: one step of it as a graph, with the state that is exchanged. */
import { join } from "node:path";
import { ModelFormatError, present } from "../../errors.js";
import { readModel } from "../../onnx/decode.js";
import type { Model, Value } from "../../onnx/graph.js";
import { TypeInference } from "../../onnx/type-inference.js";
import { didYouMean, listNames } from "../../plan/did-you-mean.js";
import { readNetworkFile, type NetworkFile } from "./network-file.js";

/** One carried tensor. */
interface Carried {
  readonly input: Value;
  readonly output: Value;
}

/** A network with the values that its description names. */
export interface Network {
  readonly name: string;
  readonly folder: string;
  readonly task: string;
  readonly model: Model;
  readonly input: Value;
  readonly logits: Value;
  readonly site: Value;
  readonly carry: readonly Carried[];
  /** Width of a state at the site. */
  readonly d: number;
  /** Classes or tokens that the logits are of. */
  readonly classes: number;
}

/** File that makes a folder one of a small network. */
const DESCRIPTION = "network.json";

/**
 * Reads a network's description and graph; nothing is run.
 *
 * @throws {@link ModelFormatError} for a description or graph that cannot be read, and with every name in the
 * description that the graph does not have.
 */
export function readNetwork(folder: string): Network {
  const path = join(folder, DESCRIPTION);
  const file = readNetworkFile(path);
  const model = readModel(join(folder, file.graph));
  const values = resolve(model, file, path);
  const types = new TypeInference(model.graph);
  return {
    ...{ name: file.name, folder, task: file.task, model },
    ...values,
    d: widthOf(types, values.site, path),
    classes: widthOf(types, values.logits, path),
  };
}

type Named = Pick<Network, "input" | "logits" | "site" | "carry">;

function resolve({ graph }: Model, file: NetworkFile, path: string): Named {
  const inputs = new Map(graph.inputs.map((value) => [value.name, value]));
  const outputs = new Map(graph.outputs.map((value) => [value.name, value]));
  const made = new Map(
    graph.nodes.flatMap((node) => node.outputs).map((value) => [value.name, value]),
  );
  const wanted = [
    ["input", file.input, inputs],
    ["logits", file.logits, outputs],
    ["site", file.site, made],
    ...file.carry.flatMap(({ input, output }, i) => [
      [`carry/${i}/input`, input, inputs] as const,
      [`carry/${i}/output`, output, outputs] as const,
    ]),
  ] as const;
  const missing = wanted.filter(([, name, among]) => !among.has(name));
  if (missing.length > 0) {
    const [first] = missing;
    throw new ModelFormatError("the graph of a network lacks values that its description names", {
      code: "NETWORK_VALUES",
      where: path,
      expected: `values of the graph; inputs are ${listNames([...inputs.keys()])}, outputs ${listNames([...outputs.keys()])}`,
      found: missing.map(([key, name]) => `/${key}: "${name}"`).join("; "),
      hint: "correct the description, or export the graph again",
      ...(first && didYouMean(first[1], [...first[2].keys()])),
    });
  }
  const get = (among: ReadonlyMap<string, Value>, name: string): Value =>
    present(among.get(name), name);
  return {
    input: get(inputs, file.input),
    logits: get(outputs, file.logits),
    site: get(made, file.site),
    carry: file.carry.map(({ input, output }) => ({
      input: get(inputs, input),
      output: get(outputs, output),
    })),
  };
}

function widthOf(types: TypeInference, value: Value, path: string): number {
  const shape = value.type?.shape ?? types.shape(value);
  const width = shape?.at(-1);
  if (shape?.length === 2 && typeof width === "number") return width;
  throw new ModelFormatError(`"${value.name}" is no row of numbers per item`, {
    code: "NETWORK_SHAPE",
    where: path,
    expected: "a float32 value [batch, width] of a width that the graph declares",
    found: `shape [${(shape ?? ["unknown"]).join(", ")}]`,
    hint: "name another value, or export the graph with its shapes",
  });
}
