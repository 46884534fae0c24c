/**
 * @file `npm run check:exports -- MANIFEST [--only model/variant,…]`: real exports against their PyTorch references.
 * Prints one line per file; exits 0 only when every file passes.
 */
import { parseArgs } from "node:util";
import { ADAPTERS } from "../../adapters/index.js";
import { MasAuditError, UsageError } from "../../src/errors.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { checkCausality } from "../../src/models/causality.js";
import { loadModel } from "../../src/models/load.js";
import { createSession } from "../../src/runtime/session.js";
import { isRightAdapter, isRightReason } from "./expectations.js";
import { boundsOfExport } from "./export-bounds.js";
import { readManifest, type ExportEntry } from "./exports-manifest.js";
import { readReference } from "./reference.js";
import { compareWithReference, withEmbeddings, type Deviations } from "./reference-check.js";

interface Line {
  readonly id: string;
  readonly sites: string;
  readonly deviations: Deviations | undefined;
  readonly verdict: string;
  readonly ok: boolean;
}

const COLUMNS = ["residuals", "logits", "patched", "early", "gradients"] as const;

async function checkEntry(entry: ExportEntry): Promise<Line> {
  const line = { id: entry.id, sites: "-", deviations: undefined };
  try {
    const located = await loadModel(entry.path, { adapters: ADAPTERS });
    const sites = `${located.sites.length} × ${located.dModel}`;
    if (!isRightAdapter(located.adapter, entry.exporter)) {
      return { ...line, sites, verdict: `FAIL: adapter "${located.adapter}"`, ok: false };
    }
    if (entry.refusal !== undefined) {
      const whole = await createSession(buildWhole(located));
      await checkCausality(located, whole).finally(() => whole.release());
      return { ...line, sites, verdict: "FAIL: should be refused", ok: false };
    }
    if (entry.reference === undefined) {
      return { ...line, sites, verdict: "FAIL: no reference to compare with", ok: false };
    }
    const reference = readReference(entry.reference);
    const deviations = await compareWithReference(withEmbeddings(located, reference), reference);
    const bound = boundsOfExport(located);
    const over = COLUMNS.filter(
      (name) => !(deviations[name] <= (name === "gradients" ? bound.gradients : bound.forward)),
    );
    const verdict = over.length === 0 ? "ok" : `FAIL: ${over.join(", ")}`;
    return { id: entry.id, sites, deviations, verdict, ok: over.length === 0 };
  } catch (error) {
    if (!(error instanceof MasAuditError)) throw error;
    const isRefused = entry.refusal !== undefined && error.exitCode === 3;
    const ok = isRefused && isRightReason(error.code, entry.refusal);
    if (ok) return { ...line, verdict: `refused (${error.code})`, ok };
    const why = isRefused ? `refused, but not for "${entry.refusal}": ` : "";
    const verdict = `FAIL: ${why}${error.code} ${error.message}: ${error.found ?? ""}`;
    return { ...line, verdict, ok };
  }
}

function print({ id, sites, deviations, verdict }: Line, width: number): string {
  const numbers = COLUMNS.map((name) => (deviations?.[name].toExponential(1) ?? "-").padStart(9));
  return `${id.padEnd(width)}  ${sites.padEnd(7)} ${numbers.join(" ")}  ${verdict}\n`;
}

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { only: { type: "string" } },
  });
  const [manifest, ...others] = positionals;
  if (manifest === undefined || others.length > 0) {
    throw new UsageError("one manifest is needed", {
      code: "USAGE",
      expected: "npm run check:exports -- MANIFEST [--only model/variant,…]",
      found: `${positionals.length} arguments`,
    });
  }
  const entries = readManifest(manifest, values.only?.split(","));
  const width = Math.max(...entries.map(({ id }) => id.length), 4);
  const head = COLUMNS.map((name) => name.padStart(9)).join(" ");
  process.stdout.write(`${"file".padEnd(width)}  ${"sites".padEnd(7)} ${head}  verdict\n`);
  let failed = 0;
  for (const entry of entries) {
    const line = await checkEntry(entry);
    process.stdout.write(print(line, width));
    if (!line.ok) failed += 1;
  }
  process.stdout.write(`${entries.length - failed} of ${entries.length} files pass\n`);
  return failed === 0 ? 0 : 1;
}

main().then(
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
