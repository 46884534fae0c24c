/**
 * @file What the checks of a manifest of models share: their arguments, a table with one line per model, the exit code.
 */
import { parseArgs } from "node:util";
import { MasAuditError, UsageError } from "../../src/errors.js";
import type { Bounds } from "./export-bounds.js";
import type { Deviations } from "./reference-check.js";

/** Deviations, in the order of the table. */
export const COLUMNS = ["residuals", "logits", "patched", "early", "gradients"] as const;

/** The columns whose deviation is over its bound, or no number. */
export function columnsOver(deviations: Deviations, bounds: Bounds): string[] {
  return COLUMNS.filter(
    (name) => !(deviations[name] <= (name === "gradients" ? bounds.gradients : bounds.forward)),
  );
}

/** Outcome of one model. */
export interface Line {
  readonly sites: string;
  /** One for each column; none where nothing was compared. */
  readonly deviations: readonly number[];
  readonly verdict: string;
  readonly ok: boolean;
}

/** A check of many models. */
export interface Check<Item> {
  /** How it is called. */
  readonly usage: string;
  /** What is checked, in one word. */
  readonly noun: string;
  readonly columns: readonly string[];
  readonly read: (manifest: string, only: readonly string[] | undefined) => readonly Item[];
  readonly nameOf: (item: Item) => string;
  readonly check: (item: Item) => Promise<Line>;
}

/** Runs a check with the arguments of the process: 0 only when every model passes. */
export function runCheck<Item>(check: Check<Item>): void {
  checkAll(check).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      if (!(error instanceof MasAuditError)) throw error;
      process.stderr.write(
        `${error.code} ${error.message}\n  expected ${error.expected ?? "-"}\n  found ${error.found ?? "-"}\n`,
      );
      process.exitCode = error.exitCode;
    },
  );
}

async function checkAll<Item>(of: Check<Item>): Promise<number> {
  const { manifest, only } = readArguments(of.usage);
  const { noun, columns } = of;
  const items = of.read(manifest, only).map((item) => ({ name: of.nameOf(item), item }));
  const width = Math.max(...items.map(({ name }) => name.length), noun.length);
  const row = (name: string, sites: string, cells: readonly string[], verdict: string): void => {
    const padded = cells.map((cell) => cell.padStart(9)).join(" ");
    process.stdout.write(`${name.padEnd(width)}  ${sites.padEnd(7)} ${padded}  ${verdict}\n`);
  };
  row(noun, "sites", columns, "verdict");
  let failed = 0;
  for (const { name, item } of items) {
    const { sites, deviations, verdict, ok } = await of.check(item);
    row(
      name,
      sites,
      columns.map((_, i) => deviations[i]?.toExponential(1) ?? "-"),
      verdict,
    );
    if (!ok) failed += 1;
  }
  process.stdout.write(`${items.length - failed} of ${items.length} ${noun}s pass\n`);
  return failed === 0 ? 0 : 1;
}

function readArguments(usage: string): { manifest: string; only: string[] | undefined } {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { only: { type: "string" } },
  });
  const [manifest, ...others] = positionals;
  if (manifest !== undefined && others.length === 0)
    return { manifest, only: values.only?.split(",") };
  throw new UsageError("one manifest is needed", {
    code: "USAGE",
    expected: usage,
    found: `${positionals.length} arguments`,
  });
}
