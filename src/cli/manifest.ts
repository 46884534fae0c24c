/**
 * @file The manifest of a run, and the sentences that say what it did not test.
 */
import { resolve } from "node:path";
import type { AuditMeasures } from "../measure/measures.js";
import { isAuditPath } from "../plan/choose-audits.js";
import { measuringOptions, type AuditOptions } from "../plan/options.js";
import type { Manifest } from "../report/schema.js";
import { describeChoice, type ChosenDevice } from "../runtime/device.js";
import { runtimeVersion } from "../runtime/session.js";
import { VERSION } from "../version.js";
import type { ChosenLearner } from "./choose-learner.js";
import type { InputFile, Inputs } from "./inputs.js";
import type { Phases } from "./phases.js";

/** What a manifest is made from. */
export interface ManifestParts {
  readonly options: AuditOptions;
  readonly inputs: Inputs;
  /** The file of `--policy`; it changes words and no cell, so it is none of the inputs that address cells. */
  readonly policyFile: InputFile | undefined;
  readonly layers: readonly number[];
  readonly threads: number;
  /** Whether the runtime keeps rearranged copies of the weights. */
  readonly prepack: boolean;
  readonly device: ChosenDevice;
  readonly learner: ChosenLearner;
  readonly phases: Phases;
  readonly argv: readonly string[];
}

/** Everything needed to repeat the run; whatever may differ stands under `timing`. */
export async function describeRun(parts: ManifestParts): Promise<Manifest> {
  const { options, inputs, policyFile, layers, threads, prepack, device, phases, argv } = parts;
  const { tensorflow } = parts.learner;
  const files = [...inputs.files, ...(policyFile === undefined ? [] : [policyFile])];
  const { layers: spec, variables, ...rest } = measuringOptions(options);
  return {
    tool: { name: "mas-audit", version: VERSION },
    inputs: files.map(({ role, sha256, bytes }) => ({ role, sha256, bytes })),
    ...(inputs.tokenizer === undefined ? {} : { tokenizer: inputs.tokenizer }),
    audits: inputs.audits.map((audit) => ({ ...audit })),
    seed: options.seed,
    k: options.k,
    layers: [...layers],
    options: { ...rest, threads, weightCopies: prepack, layers: spec, variables: [...variables] },
    provider: describeChoice(device),
    versions: {
      node: process.versions.node,
      onnxruntime: await runtimeVersion(),
      platform: `${process.platform}-${process.arch}`,
      ...(tensorflow === undefined ? {} : { tensorflow }),
    },
    timing: {
      startedAt: phases.startedAt.toISOString(),
      ...timed(phases),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      command: ["mas-audit", ...argv],
      paths: Object.fromEntries(files.map(({ role, path }) => [role, path])),
      request: describeRequest(options),
    },
  };
}

/** The names of a command line mean the same in any folder when their paths are absolute. */
function describeRequest(options: AuditOptions): NonNullable<Manifest["timing"]["request"]> {
  const { base, tuned, tunedAdapter, tokenizer, audits } = options;
  return {
    base: resolve(base),
    tuned: tuned === null ? null : resolve(tuned),
    ...(tunedAdapter === undefined ? {} : { tunedAdapter: resolve(tunedAdapter) }),
    tokenizer: tokenizer === null ? null : resolve(tokenizer),
    audits: audits.map((audit) => (isAuditPath(audit) ? resolve(audit) : audit)),
  };
}

function timed(phases: Phases): Pick<Manifest["timing"], "elapsedMs" | "phases"> {
  const { elapsedMs, phases: done } = phases.finish();
  return { elapsedMs, phases: done.map((phase) => ({ ...phase })) };
}

/** What a reader might believe to be covered and is not. */
export function notTested({
  layers,
  nLayers,
  audits,
  options: { controls, seeds },
}: {
  layers: readonly number[];
  nLayers: number;
  audits: readonly AuditMeasures[];
  options: Pick<AuditOptions, "controls" | "seeds">;
}): string[] {
  const all = Array.from({ length: nLayers + 1 }, (_, layer) => layer);
  const skipped = all.filter((layer) => !layers.includes(layer));
  const unmeasured = audits.flatMap(({ variable, notMeasurable }) =>
    notMeasurable === undefined ? [] : [`${variable}: ${notMeasurable}`],
  );
  return [
    ...(skipped.length === 0
      ? []
      : [`Not examined: layer ${ranges(skipped)} (of 0 to ${nLayers}).`]),
    ...unmeasured.map((text) => `Not measurable: ${text}.`),
    "Only the named variables at the named positions: anything else may have changed.",
    "Verdicts are given at one subspace size; other sizes stand beside them in closed form only.",
    ...(seeds > 1
      ? []
      : [
          "One learning per cell: how much another would differ is unknown; several seeds show it.",
        ]),
    ...(controls === "full"
      ? []
      : [
          "No behaviour-only maps, shuffled labels or untrained source: only the core controls were asked for.",
        ]),
  ];
}

/** `0, 2–5, 9`. */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([a, b]) => (a === b ? String(a) : `${a}–${b}`)).join(", ");
}
