/**
 * @file `npm run check:webgpu`: one audit of the embedded pair on WebGPU and on the CPU, compared. The same verdict words
 * at every site, and every accuracy within the other's interval. Runs on the software adapter of Debian's chromium where
 * that is installed and VK_ICD_FILENAMES names no other driver, else on the machine's own adapter; says so and exits 0 where there is none.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DIRECTIONS, type Direction } from "../../src/measure/measures.js";
import { parseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import type { SiteVerdict } from "../../src/verdict/verdicts.js";
import { softwareVulkan } from "./software-vulkan.js";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** Small enough for a GPU in software: about two minutes on two cores. */
const AUDIT = [
  "fixtures/demo/base",
  "fixtures/demo/broken",
  ..."--audit number-agreement --layers 3 --items 80 --pairs 60 --steps 2 --controls core --exit-zero".split(
    " ",
  ),
];

function run(args: readonly string[]): { readonly code: number | null; readonly stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...softwareVulkan(process.env) },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  return { code: status, stdout };
}

function hasAdapter(): boolean {
  const facts: unknown = JSON.parse(run(["doctor", "--json"]).stdout);
  // our own output, whose shape the doctor's test holds
  const { providers } = facts as { providers: { name: string; isUsable: boolean }[] };
  return providers.some(({ name, isUsable }) => name === "webgpu" && isUsable);
}

function audit(device: string, folder: string): Result | undefined {
  const out = join(folder, device);
  const { code } = run([...AUDIT, "--device", device, "--out", out]);
  if (code !== 0) return undefined;
  return parseResult(readFileSync(join(out, "result.json"), "utf8"), device);
}

interface Site {
  readonly name: string;
  readonly verdict: string;
  readonly iia: SiteVerdict["iia"];
}

function sitesOf({ variables }: Result): Site[] {
  return variables.flatMap(({ audit: id, variable, sites }) =>
    sites.map(({ layer, role, verdict, iia }) => ({
      name: `${id} ${variable}, layer ${layer}, ${role}`,
      verdict,
      iia,
    })),
  );
}

/** Sentences about everything in which the two differ. */
function differences(cpu: readonly Site[], gpu: readonly Site[]): string[] {
  return cpu.flatMap((expected, i) => {
    const actual = gpu[i];
    if (actual?.name !== expected.name) return [`${expected.name}: missing on WebGPU`];
    const words = expected.verdict === actual.verdict;
    return [
      ...(words
        ? []
        : [`${expected.name}: ${expected.verdict} on the CPU, ${actual.verdict} on WebGPU`]),
      ...DIRECTIONS.flatMap((direction) =>
        accuracyDifference(expected.iia[direction], actual.iia[direction]).map(
          (text) => `${expected.name}, ${direction}: ${text}`,
        ),
      ),
    ];
  });
}

function accuracyDifference(cpu: Accuracy, gpu: Accuracy): string[] {
  if (cpu?.kind !== "value" || gpu?.kind !== "value") {
    return cpu?.kind === gpu?.kind ? [] : ["measured on one device only"];
  }
  const [low, high] = cpu.interval;
  const isWithin = gpu.value >= low && gpu.value <= high;
  return isWithin ? [] : [`${gpu.value} on WebGPU, [${low}, ${high}] on the CPU`];
}

type Accuracy = SiteVerdict["iia"][Direction];

function main(): number {
  if (!hasAdapter()) {
    process.stdout.write("no WebGPU adapter here, not even chromium's in software: skipped\n");
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-webgpu-"));
  try {
    const [cpu, gpu] = [audit("cpu", folder), audit("webgpu", folder)];
    if (cpu === undefined || gpu === undefined) return 1;
    const sites = sitesOf(cpu);
    const found = differences(sites, sitesOf(gpu));
    for (const line of found) process.stdout.write(`${line}\n`);
    process.stdout.write(`${sites.length} sites compared, ${found.length} differences\n`);
    return found.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main();
