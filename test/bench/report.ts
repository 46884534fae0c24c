/** @file What a bench gives, and the table it is printed as. */
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { runtimeVersion } from "../../src/runtime/session.js";
import { digits } from "./spread.js";

/** Result of one bench. */
export interface Report {
  readonly title: string;
  /** What, and its figure with the spread. */
  readonly rows: readonly (readonly [string, string])[];
  /** Goes into the JSON file as it is. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** The planted demo model, which stands in where no model is given. */
export const DEMO = demoModel("base");

/** Folder of a demo model; `dist/` stands one level lower than the sources. */
export function demoModel(name: string): string {
  const up = import.meta.url.includes("/dist/") ? "../../../" : "../../";
  return fileURLToPath(new URL(`${up}fixtures/demo/${name}`, import.meta.url));
}

/** Prints a report as a table; figures are medians with quartiles. */
export function printReport({ title, rows }: Report): string {
  const table = new Table({ style: { head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  return `${title}\n${table.toString()}\n`;
}

/** Machine, versions and load, which every figure depends on. */
export async function describeMachine(): Promise<string> {
  const load = loadavg().map(digits).join(", ");
  const [cpu] = cpus();
  return `${cpu?.model ?? "unknown processor"} × ${cpus().length}, Node ${process.version}, ONNX Runtime ${await runtimeVersion()}, load ${load}`;
}
