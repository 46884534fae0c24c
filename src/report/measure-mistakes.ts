/**
 * @file What the schema of a result cannot say about its measures: that rows belong to the same trials, and cells to
 * an audit. A file that was edited by hand is told so by place, not by the failure of a promise of ours.
 */
import { InvariantError } from "../errors.js";
import {
  DIRECTIONS,
  SIDES,
  type AuditMeasures,
  type CellMeasures,
  type Trials,
} from "../measure/measures.js";
import type { Problem } from "../plan/problems.js";
import { checkTrials } from "../verdict/figures.js";
import type { Result } from "./schema.js";

type Measures = Pick<Result, "audits" | "cells">;
type Named = Pick<AuditMeasures, "audit" | "variable">;

/** Everything in which the measures of a result contradict each other, with the place in the file. */
export function findMeasureMistakes({ audits, cells }: Measures): readonly Problem[] {
  return [
    ...repeated(audits.map(nameOf), "audits"),
    ...audits.flatMap(findAuditMistakes),
    ...repeated(
      cells.map(({ cell: { layer, role, k, seed, ...named } }) =>
        [nameOf(named), `layer ${layer}`, role, `k ${k}`, `seed ${seed}`].join(", "),
      ),
      "cells",
    ),
    ...cells.flatMap((cell, i) => [
      ...findStray(cell, i, audits),
      ...findTableMistakes(cell, i),
      ...cell.trials.flatMap((trials, j) => findTrialMistakes(trials, `cells[${i}].trials[${j}]`)),
      ...findFurtherMistakes(cell, `cells[${i}].further`),
      ...findExampleMistakes(cell, `cells[${i}].examples`),
    ]),
  ];
}

function nameOf({ audit, variable }: Named): string {
  return `${variable} (${audit})`;
}

function repeated(names: readonly string[], list: string): readonly Problem[] {
  const seen = new Map<string, number>();
  return names.flatMap((name, i) => {
    const first = seen.get(name);
    if (first === undefined) seen.set(name, i);
    if (first === undefined) return [];
    const expected = "every entry once";
    return [{ what: `${list}[${i}]`, expected, found: `${name} again, as in ${list}[${first}]` }];
  });
}

function findAuditMistakes({ natural }: AuditMeasures, i: number): readonly Problem[] {
  return SIDES.flatMap((side) => {
    const { hits, n } = natural[side].accuracy;
    if (hits <= n) return [];
    const what = `audits[${i}].natural.${side}.accuracy`;
    return [{ what, expected: "at most as many hits as trials", found: `${hits} of ${n}` }];
  });
}

function findStray(
  { cell }: CellMeasures,
  i: number,
  audits: readonly AuditMeasures[],
): readonly Problem[] {
  if (audits.some((audit) => nameOf(audit) === nameOf(cell))) return [];
  const expected = "a variable that stands under audits";
  return [{ what: `cells[${i}].cell`, expected, found: nameOf(cell) }];
}

function findTableMistakes({ trials }: CellMeasures, i: number): readonly Problem[] {
  const tables = trials.map(({ table }) => table);
  const isWhole = tables.includes("causal") && new Set(tables).size === tables.length;
  if (isWhole) return [];
  const found = tables.length === 0 ? "none" : tables.join(", ");
  return [{ what: `cells[${i}].trials`, expected: "the causal table, and each once", found }];
}

/** Rows beside the trials, which share their length or have one of their own. */
function findFurtherMistakes({ trials, further }: CellMeasures, what: string): readonly Problem[] {
  if (further === undefined) return [];
  const n = trials.find(({ table }) => table === "causal")?.target.length ?? 0;
  const { bothRight, behaviourOnly, shuffledLabels, untrainedSource, repeats } = further;
  const { sizeCurve, isolation } = further;
  const rows: readonly Row[] = [
    ["bothRight", { bothRight }, n],
    ["behaviourOnly.iia", behaviourOnly?.iia, n],
    ["shuffledLabels.iia", shuffledLabels?.iia, { most: n }],
    ...SIDES.map((side): Row => {
      const iia = untrainedSource?.[side]?.iia;
      return [`untrainedSource.${side}`, iia === undefined ? undefined : { iia }, n];
    }),
    ...repeats.map(({ iia }, i): Row => [`repeats[${i}].iia`, iia, n]),
    ...sizeCurve.points.map(({ iia }, i): Row => [`sizeCurve.points[${i}]`, iia, sizeCurve.n]),
    ["isolation.source", isolation && { source: isolation.source }, isolation?.target.length ?? 0],
    ["isolation.noIntervention", isolation?.noIntervention, isolation?.target.length ?? 0],
    ["isolation.swapped", isolation?.swapped, isolation?.target.length ?? 0],
  ];
  return rows.flatMap(([name, row = {}, length]) =>
    Object.entries(row)
      .filter(([, outcomes]) => !isLength(outcomes.length, length))
      .map(([key, outcomes]) => ({
        what: `${what}.${name} ${key}`,
        expected:
          typeof length === "number" ? `${length} outcomes` : `1 to ${length.most} outcomes`,
        found: String(outcomes.length),
      })),
  );
}

/** An example is a trial that missed. */
function findExampleMistakes({ trials, examples }: CellMeasures, what: string): readonly Problem[] {
  const causal = trials.find(({ table }) => table === "causal");
  return DIRECTIONS.flatMap((key) =>
    (examples?.[key] ?? []).flatMap(({ trial }, i): readonly Problem[] => {
      const outcome = causal?.iia[key]?.[trial];
      if (outcome === "0") return [];
      const found = outcome === undefined ? `no trial ${trial}` : `trial ${trial}, which hit`;
      return [{ what: `${what} ${key}[${i}]`, expected: "a trial that missed", found }];
    }),
  );
}

/** Name, outcomes by key, and how many there should be; at most `most` where the first trials are enough. */
type Row = readonly [
  name: string,
  row: Readonly<Record<string, { readonly length: number }>> | undefined,
  length: number | { readonly most: number },
];

function isLength(found: number, expected: Row[2]): boolean {
  if (typeof expected === "number") return found === expected;
  return found > 0 && found <= expected.most;
}

/** The check is the one that judging makes; only its complaint is put into the words of a reader. */
function findTrialMistakes(trials: Trials, what: string): readonly Problem[] {
  try {
    checkTrials(trials);
    return [];
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    const expected = "one outcome per trial in every row";
    return [{ what, expected, found: error.message.replace(/^internal: /, "") }];
  }
}
