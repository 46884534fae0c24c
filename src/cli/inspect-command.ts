/** @file `mas-audit inspect`: what is seen in a model file. */
import type { Adapter } from "../models/adapter.js";
import { loadModel } from "../models/load.js";
import type { LocatedModel } from "../models/located.js";
import { elementCount } from "../onnx/tensor.js";
import type { Io, ModelOptions } from "./commands.js";
import { EXIT } from "./exit.js";

/** Prints sites, inputs and evidence of a model. @throws what {@link loadModel} throws. */
export async function inspectCommand(
  options: ModelOptions,
  io: Io,
  parts: { readonly adapters: readonly Adapter[] },
): Promise<number> {
  const seen = describe(await loadModel(options.model, parts));
  io.stdout.write(options.json ? `${JSON.stringify(seen, null, 2)}\n` : print(seen));
  return EXIT.pass;
}

function describe(located: LocatedModel) {
  const { model, feeds } = located;
  const weights = model.graph.initializers.flatMap(({ initializer }) => initializer ?? []);
  return {
    file: located.path,
    adapter: located.adapter,
    producer: model.producer,
    operatorSets: Object.fromEntries([...model.opsets].map(([k, v]) => [k || "ai.onnx", v])),
    blocks: located.nLayers,
    dModel: located.dModel,
    vocabulary: located.vocab,
    contextLength: located.contextLength ?? null,
    parameters: weights.reduce((sum, { dims }) => sum + elementCount(dims), 0),
    weightTypes: [...new Set(weights.map(({ dtype }) => dtype))].sort(),
    inputs: {
      inputIds: feeds.inputIds.name,
      attentionMask: feeds.attentionMask?.name ?? null,
      positionIds: feeds.positionIds?.name ?? null,
      past: feeds.past.length,
    },
    sites: located.sites.map(({ name, producer, type }, layer) => ({
      layer,
      value: name,
      madeBy: producer === undefined ? "input" : producer.op,
      dtype: type?.dtype ?? null,
    })),
    evidence: located.evidence,
  };
}

type Seen = ReturnType<typeof describe>;

function print(seen: Seen): string {
  const rows: [string, string][] = [
    ["file", seen.file],
    ["adapter", seen.adapter],
    ["producer", seen.producer],
    [
      "operator sets",
      Object.entries(seen.operatorSets)
        .map(([k, v]) => `${k} ${v}`)
        .join(", "),
    ],
    ["blocks", String(seen.blocks)],
    ["width", String(seen.dModel)],
    ["vocabulary", String(seen.vocabulary)],
    ["context", seen.contextLength === null ? "not stated" : `${seen.contextLength} tokens`],
    ["parameters", `${seen.parameters.toLocaleString("en")} (${seen.weightTypes.join(", ")})`],
    [
      "inputs",
      [seen.inputs.inputIds, seen.inputs.attentionMask, seen.inputs.positionIds]
        .filter((name) => name !== null)
        .concat(seen.inputs.past > 0 ? [`${seen.inputs.past} past tensors, fed empty`] : [])
        .join(", "),
    ],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(14)}${value}`);
  const sites = seen.sites.map(
    ({ layer, value, madeBy, dtype }) =>
      `  ${String(layer).padStart(3)}  ${value} (${madeBy}, ${dtype ?? "type unknown"})`,
  );
  const evidence = seen.evidence.map(({ supports, text }) => `  ${supports ? "+" : "-"} ${text}`);
  return `${[...lines, "", "sites", ...sites, "", "evidence", ...evidence].join("\n")}\n`;
}
