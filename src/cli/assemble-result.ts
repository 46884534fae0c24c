/** @file From what was measured to a result: judged, with its manifest. */
import { present } from "../errors.js";
import type { Examination } from "../measure/examination.js";
import type { TextExamination } from "../measure/full/examination.js";
import type { AuditMeasures, CellMeasures, Side } from "../measure/measures.js";
import type { LocatedModel } from "../models/located.js";
import { completeJudgement } from "../report/complete-judgement.js";
import { keepPrompts, quotePrompts } from "../report/prompts.js";
import { RESULT_SCHEMA, type PreflightEntry, type Result, type Warning } from "../report/schema.js";
import { dayOf } from "../verdict/excuses.js";
import type { Policy } from "../verdict/policy.js";
import { judge } from "../verdict/run.js";
import { describeRun, notTested } from "./manifest.js";

/** Judges the cells and describes the run. */
export async function assemble({
  examinations,
  examined,
  cells,
  preflight,
  warnings,
  models,
  policy,
  described,
}: {
  examinations: readonly Examination[];
  examined: readonly TextExamination[];
  cells: readonly CellMeasures[];
  preflight: readonly PreflightEntry[];
  warnings: readonly Warning[];
  models: Readonly<Record<Side, LocatedModel>>;
  policy: Policy;
  described: Parameters<typeof describeRun>[0];
}): Promise<Result> {
  const measured = [
    ...examinations.flatMap((examination) => withPrompts(examination, cells)),
    ...examined.map(({ measures }) => measures),
  ];
  const audits = keepPrompts(measured, policy.prompts);
  const { layers } = described;
  const result: Result = {
    schema: RESULT_SCHEMA,
    ...judge({ audits, cells }, policy, { today: dayOf(described.phases.startedAt.toISOString()) }),
    audits,
    cells,
    preflight,
    notTested: notTested({
      ...{ layers, audits, options: described.options },
      nLayers: models.base.nLayers,
    }),
    warnings,
    manifest: await describeRun(described),
  };
  return completeJudgement(result, {});
}

/** What was measured before any intervention, with the prompts that examples name. */
function withPrompts(
  { measures, prepared }: Examination,
  cells: readonly CellMeasures[],
): readonly AuditMeasures[] {
  const textOf = (item: number): string => present(prepared.items[item], `item ${item}`).text;
  return [...measures.values()].map((each) => quotePrompts(each, cells, textOf));
}
