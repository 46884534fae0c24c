/** @file The plan of a run for a person, in 80 columns. */
import Table from "cli-table3";
import { formatBytes, type MemoryEstimate } from "../plan/memory.js";
import type { Range, TimeEstimate } from "../plan/time.js";
import { printableData } from "../report/printable.js";
import { wrap } from "../report/wrap.js";
import type { Policy } from "../verdict/policy.js";
import { formatDuration } from "./pace.js";

const COLUMNS = 80;

/** One audit of a plan. */
export interface PlannedAudit {
  readonly id: string;
  readonly variables: readonly string[];
  readonly roles: readonly string[];
  readonly items: number;
  /** Of the longest prompt. */
  readonly tokens: number;
  readonly cells: number;
}

/** What a run would do and need. */
export interface RunPlan {
  readonly models: { readonly base: string; readonly tuned: string };
  readonly policy: Policy;
  readonly layers: readonly number[];
  readonly audits: readonly PlannedAudit[];
  readonly cells: number;
  /** By part, with the speed measured on this machine. */
  readonly time: TimeEstimate;
  /** Peak, by part; what the machine has. */
  readonly memory: MemoryEstimate & { readonly machineBytes: number };
  /** Files of the run that are gone when it ends. */
  readonly workingFilesBytes: number;
  readonly warnings: readonly string[];
}

/** The plan as text, lines ending in "\n". */
export function printPlan(given: RunPlan): string {
  const plan = printableData(given);
  const { models, layers, time, memory, workingFilesBytes, warnings } = plan;
  const fits = memory.totalBytes <= memory.machineBytes;
  const parts = memory.parts.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(", ");
  const lines = [
    `base    ${models.base}`,
    `tuned   ${models.tuned}`,
    `layers  ${layers.join(", ")}`,
    `gate    closed by ${plan.policy.closesGate.join(", ") || "nothing"}`,
    "",
    auditTable(plan),
    "",
    `cells   ${plan.cells} (variable × layer × position role)`,
    `time    ${timeText(time)}`,
    ...time.parts.map(({ name, seconds }) => `        ${name}: ${rangeText(seconds)}`),
    `        ${TIME_DEPENDS}`,
    `memory  about ${formatBytes(memory.totalBytes)} at the peak: ${parts}`,
    `        ${fits ? "fits" : "DOES NOT FIT"}: this machine has ${formatBytes(memory.machineBytes)}`,
    `disk    ${formatBytes(workingFilesBytes)} of working files in the output folder, gone at the end`,
    ...warnings.map((message) => `warning ${message}`),
  ];
  return lines.map((line) => `${hang(line)}\n`).join("");
}

/** What the range stands for. */
const TIME_DEPENDS =
  "The least: every learning stops as early as it may. The most: every variable can be moved at every site, and every learning takes all its steps. Expected: it can be moved at its words in lower layers and at the last token in upper ones.";

/** `about 12 min 00 s (8 min 10 s to 31 min 00 s)`, also for the start of an audit. */
export function timeText({ seconds }: Pick<TimeEstimate, "seconds">): string {
  return `about ${rangeText(seconds)}`;
}

function rangeText({ low, expected, high }: Range): string {
  const isOne = spell(low) === spell(high);
  return isOne ? spell(expected) : `${spell(expected)} (${spell(low)} to ${spell(high)})`;
}

function spell(seconds: number): string {
  return seconds < 0.5 ? "under 1 s" : formatDuration(1000 * seconds);
}

/** Wrapped, with what follows the name aligned. */
function hang(line: string): string {
  if (line.length <= COLUMNS || line.includes("\n")) return line;
  const [name, rest] = [line.slice(0, 8), line.slice(8)];
  return wrap(rest, COLUMNS - name.length)
    .map((each, i) => `${i === 0 ? name : " ".repeat(name.length)}${each}`)
    .join("\n");
}

function auditTable({ audits }: RunPlan): string {
  const table = new Table({
    head: ["audit", "variables", "roles", "prompts", "tokens", "cells"],
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    colAligns: ["left", "left", "left", "right", "right", "right"],
    chars: Object.fromEntries(
      [
        ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left"],
        ...["bottom-right", "left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
      ].map((name) => [name, ""]),
    ),
  });
  for (const { id, variables, roles, items, tokens, cells } of audits)
    table.push([id, variables.join(", "), roles.join(", "), items, tokens, cells]);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
