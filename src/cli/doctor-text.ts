/** @file The facts of `mas-audit doctor` for a person, in 80 columns. */
import { formatBytes } from "../plan/memory.js";
import { printableData } from "../report/printable.js";
import { wrap } from "../report/wrap.js";
import { describeGaps } from "../runtime/kernels/check.js";
import type { DoctorFacts, ProviderFacts } from "./doctor-facts.js";
import type { GraphGaps } from "./doctor-model.js";

const COLUMNS = 80;
/** Width of the names at the left. */
const MARGIN = 12;

/** The facts as text, lines ending in "\n". */
export function printFacts(given: DoctorFacts): string {
  const facts = printableData(given);
  const { versions, machine } = facts;
  const { masAudit, node, onnxruntime, platform } = versions;
  const runtime = onnxruntime ?? "cannot be loaded";
  const rows: (readonly [string, string])[] = [
    ["versions", `mas-audit ${masAudit}, Node ${node}, ONNX Runtime ${runtime}, ${platform}`],
    ["threads", `${machine.threads}, of ${number(machine.cores)} cores by quota`],
    ["memory", `${formatBytes(machine.memoryBytes)} (${machine.memoryFrom})`],
    ...machine.disks.map(
      ({ use, folder, freeBytes }) =>
        [
          use === "results" ? "disk" : "",
          `${formatBytes(freeBytes)} free for ${use} files in ${folder}`,
        ] as const,
    ),
    ["GPUs", gpuText(facts)],
  ];
  const sections = [
    rows.map(([name, text]) => row(name, text)).join(""),
    `Devices\n${facts.providers.map((provider) => providerText(provider)).join("")}`,
    row("auto takes", facts.auto ?? "nothing: no device can be used"),
    ...(facts.model === null
      ? []
      : [`Operators of ${facts.model.path}\n${facts.model.graphs.map(gapsText).join("")}`]),
  ];
  return sections.join("\n");
}

function gpuText({ gpus, nvidiaDriver, isTf32Off }: DoctorFacts): string {
  const seen = gpus.map(({ file, vendor, isHardware }) =>
    isHardware ? `${vendor} (${file})` : `${vendor} (${file}, not counted as a GPU)`,
  );
  const parts = [
    seen.length === 0 ? "no device file of one" : seen.join(", "),
    ...(nvidiaDriver === null ? [] : [nvidiaDriver]),
    ...(isTf32Off ? [] : ["TF32 is left on (NVIDIA_TF32_OVERRIDE): gradients are coarser"]),
  ];
  return parts.join("; ");
}

function providerText({ name, isUsable, adapter, problem }: ProviderFacts): string {
  if (isUsable) return row(`  ${name}`, adapter === null ? "usable" : `usable: ${adapter}`);
  if (problem === null) return row(`  ${name}`, "not usable");
  const { message, expected, found, hint } = problem;
  return [
    row(`  ${name}`, `not usable: ${message}`),
    ...(expected === null ? [] : [row("", `needs: ${expected}`)]),
    ...(found === null ? [] : [row("", `found: ${found}`)]),
    ...(hint === null ? [] : [row("", `hint: ${hint}`)]),
  ].join("");
}

function gapsText({ device, graph, nodes, float, other }: GraphGaps): string {
  const integers = other.reduce((sum, each) => sum + each.nodes, 0);
  const lacking =
    float.length === 0
      ? "every operator on floating-point numbers has a kernel"
      : `${float.length} ${float.length === 1 ? "operator" : "operators"} without a ${NAMES[device]} kernel: ${describeGaps(float)}`;
  const rest =
    integers === 0 ? "" : `; ${integers} nodes on integers and masks are left to the CPU`;
  return row(`  ${device}`, `${graph} (${nodes} nodes): ${lacking}${rest}`);
}

const NAMES = { cuda: "CUDA", webgpu: "WebGPU" } as const;

function row(name: string, text: string): string {
  return wrap(text, COLUMNS - MARGIN)
    .map((line, i) => `${(i === 0 ? name : "").padEnd(MARGIN)}${line}\n`)
    .join("");
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
