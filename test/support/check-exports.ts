/**
 * @file `npm run check:exports -- MANIFEST [--only model/variant,…]`: real exports against their PyTorch references.
 * Prints one line per file; exits 0 only when every file passes.
 */
import { ADAPTERS } from "../../adapters/index.js";
import { MasAuditError } from "../../src/errors.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { checkCausality } from "../../src/models/causality.js";
import { loadModel } from "../../src/models/load.js";
import { createSession } from "../../src/runtime/session.js";
import { COLUMNS, columnsOver, runCheck, type Line } from "./check-table.js";
import { isRightAdapter, isRightReason } from "./expectations.js";
import { boundsOfExport } from "./export-bounds.js";
import { readManifest, type ExportEntry } from "./exports-manifest.js";
import { readReference } from "./reference.js";
import { compareWithReference, withEmbeddings } from "./reference-check.js";

async function checkEntry(entry: ExportEntry): Promise<Line> {
  const line = { sites: "-", deviations: [] };
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
    const over = columnsOver(deviations, boundsOfExport(located));
    const verdict = over.length === 0 ? "ok" : `FAIL: ${over.join(", ")}`;
    const numbers = COLUMNS.map((name) => deviations[name]);
    return { sites, deviations: numbers, verdict, ok: over.length === 0 };
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

runCheck({
  usage: "npm run check:exports -- MANIFEST [--only model/variant,…]",
  noun: "file",
  columns: COLUMNS,
  read: readManifest,
  nameOf: ({ id }) => id,
  check: checkEntry,
});
