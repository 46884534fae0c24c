/**
 * @file Audits of the toxicity case study: one pair of fine-tunes at a time, the held-out texts as whole contexts. A pair
 * that is finished is read again; a folder of another plan is refused.
 */
import { join } from "node:path";
import { ADAPTERS } from "../../adapters/index.js";
import { auditIntoFolder } from "../../src/cli/audit-into-folder.js";
import { plainLines } from "../../src/cli/plain-lines.js";
import { readFrozenOptions } from "../../src/cli/read-options.js";
import type { RawOptions } from "../../src/cli/option-reader.js";
import { PlanError } from "../../src/errors.js";
import { parseResult } from "../../src/report/result-text.js";
import { RESULT_FILE, type Result } from "../../src/report/schema.js";
import { makeFolder, writeFileAtomic } from "../../src/store/atomic.js";
import { digestBytes } from "../../src/store/digest.js";
import { readTextFile } from "../../src/store/regular-file.js";
import { nameOfPair, type ModelPair } from "./toxicity-models.js";
import { HELD_OUT_AUDIT, heldOutAudit, type HeldOutText } from "./toxicity-texts.js";

/** Options of the audit that may be given, as `mas-audit --help` explains them. */
export const AUDIT_OPTIONS = [
  ...["layers", "k", "items", "pairs", "steps", "seed", "batch", "threads", "device"],
] as const;

/** Those that say where it runs and not what. */
const MACHINE: readonly string[] = ["threads", "device"];

/** What all pairs share. */
export interface AuditSeries {
  /** Folder of the models. */
  readonly models: string;
  /** Folder of the results, one for each pair. */
  readonly out: string;
  readonly held: readonly HeldOutText[];
  /** Options as typed, by name. */
  readonly options: Readonly<Record<string, string>>;
}

const PLAN = "plan.json";
const STDERR = {
  isTerminal: false,
  columns: 80,
  colour: false,
  write: (text: string): boolean => process.stderr.write(text),
};
/** A result holds every trial of every cell. */
const LARGEST_RESULT_BYTES = 256 << 20;

/**
 * Writes down what all results of a folder share, or compares it with what stands there.
 *
 * @throws {@link PlanError} `OTHER_PLAN` when the folder was begun with other options or other texts.
 */
export function keepPlan({ out, held, options }: AuditSeries): void {
  const texts = digestBytes(Buffer.from(JSON.stringify(held)));
  const deciding = Object.entries(options).filter(([name]) => !MACHINE.includes(name));
  const plan = `${JSON.stringify({ options: Object.fromEntries(deciding), texts }, null, 1)}\n`;
  const path = join(out, PLAN);
  const read = readTextFile(path, LARGEST_RESULT_BYTES);
  if (read.kind === "ok" && read.text !== plan) {
    throw new PlanError("the folder of the results belongs to another plan", {
      code: "OTHER_PLAN",
      where: path,
      expected: plan.trim(),
      found: read.text.trim(),
      hint: "name another folder with --out",
    });
  }
  if (read.kind === "ok") return;
  makeFolder(out);
  writeFileAtomic(path, plan);
}

/** The result of one pair: the stored one where it is finished, else a new one. Errors of the audit pass through. */
export async function auditModels(series: AuditSeries, pair: ModelPair): Promise<Result> {
  const out = join(series.out, nameOfPair(pair));
  const stored = readTextFile(join(out, RESULT_FILE), LARGEST_RESULT_BYTES);
  if (stored.kind === "ok") return parseResult(stored.text, join(out, RESULT_FILE));
  const models = { base: join(series.models, pair.base.name), tuned: join(series.models, pair.tuned.name) }; // prettier-ignore
  const typed = Object.entries(series.options).map(([name, value]) => [name, [value]] as const);
  const raw: RawOptions = {
    ...Object.fromEntries(typed),
    ...{ audit: [HELD_OUT_AUDIT], out: [out] },
  };
  const options = await readFrozenOptions(models, raw);
  const { result } = await auditIntoFolder({
    options,
    argv: [models.base, models.tuned, ...typed.flatMap(([name, [value]]) => [`--${name}`, value])],
    parts: { adapters: ADAPTERS, audits: [], texts: [heldOutAudit(series.held)] },
    signal: new AbortController().signal,
    status: plainLines(STDERR, () => performance.now()),
  });
  return result;
}
