/** @file What `inspect` prints: facts in two columns, then sites and evidence, at most 80 columns wide. */
import type { AttentionForm } from "../models/anatomy.js";
import { formatBytes } from "../plan/memory.js";
import { printableData } from "../report/printable.js";
import { wrap } from "../report/wrap.js";
import type { SeenModel } from "./inspect-seen.js";

const COLUMNS = 80;
const LABEL = 15;

/** The whole text, with a line break at its end. */
export function printSeen(given: SeenModel): string {
  const seen = printableData(given);
  const facts = factsOf(seen).flatMap(([name, value]) => field(name, value));
  const sites = seen.sites.flatMap(({ layer, value, madeBy, dtype }) =>
    indented(`${String(layer).padStart(5)}  `, `${value} (${madeBy}, ${dtype ?? "type unknown"})`),
  );
  const evidence = seen.evidence.flatMap(({ supports, text }) =>
    indented(`  ${supports ? "+" : "-"} `, text),
  );
  return `${[...facts, "", "sites", ...sites, "", "evidence", ...evidence].join("\n")}\n`;
}

function factsOf(seen: SeenModel): [string, string][] {
  const { memory, derived, inputs } = seen;
  return [
    ["file", seen.file],
    ["adapter", seen.adapter],
    ["producer", seen.producer || "unknown"],
    ["operator sets", pairs(seen.operatorSets, (name, version) => `${name} ${version}`)],
    ["blocks", String(seen.blocks)],
    ["width", String(seen.dModel)],
    ["vocabulary", String(seen.vocabulary)],
    ["context", seen.contextLength === null ? "not stated" : `${seen.contextLength} tokens`],
    ["attention", seen.attention.map((form) => attentionText(form, seen)).join("; ")],
    ["norms", pairs(seen.norms, times)],
    ["activations", pairs(seen.activations, times)],
    ["parameters", `${seen.parameters.toLocaleString("en")} (${seen.weightTypes.join(", ")})`],
    ...seen.packed.map(({ operator, bits, blockSize, matrices }): [string, string] => [
      "packed",
      `${matrices} weights in ${bits} bits, blocks of ${blockSize} (${operator})`,
    ]),
    [
      "memory",
      `weights ${formatBytes(memory.weightsInFileBytes)} in the file, ${formatBytes(memory.weightsAsFloat32Bytes)} if all were float32`,
    ],
    [
      "inputs",
      [inputs.inputIds, inputs.embeddings, inputs.attentionMask, inputs.positionIds]
        .filter((name) => name !== null)
        .concat(inputs.past > 0 ? [`${inputs.past} past tensors, fed empty`] : [])
        .join(", "),
    ],
    ["states", [...new Set(seen.sites.map(({ dtype }) => dtype ?? "type unknown"))].join(", ")],
    [
      "gradient",
      derived.refusal === null
        ? `${derived.gradientNodes ?? 0} nodes above the middle layer${decomposedText(derived.decomposed)}`
        : `refused: ${derived.refusal}`,
    ],
    ["causality", causalityText(seen.causality)],
  ];
}

function times(name: string, n: number): string {
  return `${name} ×${n}`;
}

function pairs(record: Readonly<Record<string, number>>, text: typeof times): string {
  return (
    Object.entries(record)
      .map(([name, n]) => text(name, n))
      .join(", ") || "none"
  );
}

function attentionText(
  { form, blocks, heads, kvHeads, window, softCap }: AttentionForm,
  { blocks: all }: SeenModel,
): string {
  const parts = [
    form,
    ...(heads === null ? [] : [`${heads} heads`]),
    ...(kvHeads === null || kvHeads === heads ? [] : [`${kvHeads} of keys and values`]),
    ...(window === null ? [] : [`window of ${window}`]),
    ...(softCap === null ? [] : [`soft cap ${softCap}`]),
    ...(blocks.length === all
      ? []
      : [`in block${blocks.length > 1 ? "s" : ""} ${blocks.join(" ")}`]),
  ];
  return parts.join(", ");
}

function decomposedText(decomposed: readonly string[]): string {
  return decomposed.length === 0 ? "" : `; taken apart: ${decomposed.join(", ")}`;
}

function causalityText(moved: number | null): string {
  if (moved === null) return "not checked: the model does not fit into memory";
  return `earlier logits move by ${moved === 0 ? "nothing" : moved.toPrecision(2)} with the last token`;
}

function field(name: string, value: string): string[] {
  return indented(name.padEnd(LABEL), value);
}

/** `prefix` and text, wrapped under the text. */
function indented(prefix: string, text: string): string[] {
  const [first = "", ...rest] = wrap(text, COLUMNS - prefix.length);
  return [`${prefix}${first}`, ...rest.map((line) => " ".repeat(prefix.length) + line)];
}
