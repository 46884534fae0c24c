/** @file The self-checks of every run, on both models; beyond a bound the run stops. */
import { NumericsError } from "../errors.js";
import { SIDES, type Side } from "../measure/measures.js";
import type { Examination } from "../measure/examination.js";
import { windowError } from "../measure/window-check.js";
import type { LocatedModel } from "../models/located.js";
import { boundsOf } from "../models/preflight-bounds.js";
import { preflight } from "../models/preflight.js";
import type { PreflightEntry } from "../report/schema.js";
import type { SessionOptions } from "../runtime/session.js";
import type { ReadyAudits } from "./prepare-audits.js";

/** Prompts of each audit that the checks choose from. */
const PROMPTS_PER_AUDIT = 16;

/** What the checks run on. */
export interface ModelChecks {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly ready: ReadyAudits;
  readonly layers: readonly number[];
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
}

/**
 * Checks both models; returns every check for the report.
 *
 * @throws {@link NumericsError} `PREFLIGHT` naming every check beyond its bound, by how much, and what to try.
 */
export async function checkModels(checks: ModelChecks): Promise<PreflightEntry[]> {
  const { models, ready, layers, session, signal } = checks;
  const rows = [...ready.audits, ...ready.texts].flatMap(({ prepared }) =>
    prepared.items.slice(0, PROMPTS_PER_AUDIT).map(({ ids }) => ids),
  );
  const entries: PreflightEntry[] = [];
  // sessions that run a few prompts and are closed again: rearranging the weights would take longer than all of that
  const once = { ...session, prepack: false };
  for (const model of SIDES) {
    const found = await preflight({ located: models[model], rows, layers, session: once, signal });
    entries.push(...found.map((check) => ({ model, ...check })));
  }
  refuseBroken(entries, models);
  return entries;
}

/** What the check of the windows runs on. */
export interface WindowChecks extends Omit<ModelChecks, "ready"> {
  readonly examinations: readonly Examination[];
  readonly windows: Readonly<Record<Side, boolean>>;
  readonly rows: number;
}

/**
 * Checks that running only the tokens that change gives the answers of whole prompts, at the lowest layer.
 *
 * @throws {@link NumericsError} as {@link checkModels}.
 */
export async function checkWindows(checks: WindowChecks): Promise<PreflightEntry[]> {
  const { models, examinations, windows, layers, rows, session, signal } = checks;
  const entries: PreflightEntry[] = [];
  for (const model of SIDES.filter((side) => windows[side])) {
    const value = await windowError({
      ...{ located: models[model], layer: Math.min(...layers), rows, session, signal },
      audits: examinations.map(({ prepared, captures }) => ({
        prepared,
        capture: captures[model],
      })),
    });
    const bound = boundsOf(models[model]).variation;
    const check = "answers on the changing tokens alone = answers on whole prompts";
    entries.push({
      ...{ model, check, value, bound, ok: value <= bound },
      ...{ unit: "total variation distance", relation: "at most" as const },
    });
  }
  refuseBroken(entries, models);
  return entries;
}

function refuseBroken(
  entries: readonly PreflightEntry[],
  models: Readonly<Record<Side, LocatedModel>>,
): void {
  const broken = entries.filter(({ ok }) => !ok);
  if (broken.length === 0) return;
  throw new NumericsError("a model does not agree with itself", {
    code: "PREFLIGHT",
    where: [...new Set(broken.map(({ model }) => models[model].path))].join(" and "),
    expected: broken.map((entry) => `${entry.check}: ${boundText(entry)}`).join("; "),
    found: broken
      .map(({ model, value }) => `${value.toPrecision(3)} in the ${model} model`)
      .join("; "),
    hint: "export the model again in float32; if that does not help, `mas-audit inspect` shows what was understood of it",
  });
}

function boundText({ relation, bound, unit }: PreflightEntry): string {
  return `${relation ?? "at most"} ${bound.toPrecision(2)} (${unit})`;
}
