/** @file What stands beside the learned maps of a site: nulls, control tasks, other bases, and what must not move. */
import type { JSX } from "preact";

import { DIRECTIONS, SIDES, direction, type Direction, type Side } from "../../measure/measures.js";
import type { ByDirection, SiteControls, SiteVerdict } from "../../verdict/verdicts.js";
import { ABSENT } from "../figure-text.js";
import { IntervalChart, type ChartRow } from "./interval-chart.js";
import { DataTable, DirectionCells, RowHead, numbers, texts } from "./parts.js";

interface Control {
  readonly name: string;
  readonly pick: (site: SiteVerdict) => ByDirection;
  /** Stands in the table only. */
  readonly isTableOnly?: true;
  /** Has a target and no source. */
  readonly isOfTarget?: true;
}

/** Rows of charts and table; no intervention has a target only, so it repeats by direction. */
const CONTROLS: readonly Control[] = [
  { name: "learned maps", pick: ({ iia }) => iia },
  { name: "whole state swapped", pick: ({ controls }) => controls.fullSwap },
  { name: "behaviour only (λ = 0)", pick: ({ further }) => further?.behaviourOnly ?? {} },
  { name: "control task: shuffled labels", pick: ({ further }) => further?.shuffledLabels ?? {} },
  { name: "from a network of random weights", pick: fromUntrained },
  { name: "base's subspace in both", pick: ({ controls }) => controls.frozenBasis },
  { name: "closed form, untrained", pick: ({ controls }) => controls.closedForm },
  { name: "null: permuted sources", pick: ({ controls }) => controls.permuted },
  { name: "null: random subspace", pick: ({ controls }) => controls.randomSubspace },
  {
    name: "null: no intervention",
    pick: ({ controls }) => byTarget(controls.noIntervention),
    isOfTarget: true,
  },
  { name: "null: the largest of those three", pick: (site) => site.null, isTableOnly: true },
  { name: "learned in the model alone", pick: ({ controls }) => controls.alone ?? {} },
  {
    name: "learned maps, both models right",
    pick: ({ further }) => further?.bothRight?.iia ?? {},
    isTableOnly: true,
  },
  {
    name: "isolation: answers kept by a swap",
    pick: ({ further }) => further?.isolation?.kept ?? {},
  },
  {
    name: "isolation: kept without a swap",
    pick: ({ further }) =>
      further?.isolation === undefined ? {} : byTarget(further.isolation.noIntervention),
    isTableOnly: true,
  },
];

/** Random weights stand in for the other model, so its column shows them. */
function fromUntrained({ further }: SiteVerdict): ByDirection {
  const { base, tuned } = further?.untrainedSource ?? {};
  return { ...(tuned && { "base→tuned": tuned }), ...(base && { "tuned→base": base }) };
}

function byTarget({ base, tuned }: SiteControls["noIntervention"]): ByDirection {
  return { "base→base": base, "base→tuned": tuned, "tuned→base": base, "tuned→tuned": tuned };
}

/** One chart per target: across as dots, within as squares. */
export function ControlCharts(props: {
  readonly site: SiteVerdict;
  readonly id: string;
}): JSX.Element {
  const { site, id } = props;
  return (
    <div class="panels">
      {SIDES.map((target) => (
        <figure>
          <figcaption>
            Into {target} <span>● from the other model, □ within {target}</span>
          </figcaption>
          <IntervalChart
            id={`${id}-${target}`}
            title={`Controls into ${target}, layer ${site.layer}, role ${site.role}`}
            axis={`share of trials, n = ${site.n} where no other stands`}
            rows={rowsInto(site, target)}
          />
        </figure>
      ))}
    </div>
  );
}

/** Both charts hold the same rows, so that they can be read across. */
function rowsInto(site: SiteVerdict, target: Side): readonly ChartRow[] {
  const across = direction(target === "base" ? "tuned" : "base", target);
  const within = direction(target, target);
  return CONTROLS.flatMap(({ name, pick, isTableOnly, isOfTarget }): readonly ChartRow[] => {
    const measures = pick(site);
    if (isTableOnly === true || Object.keys(measures).length === 0) return [];
    const marks = [
      ...(isOfTarget === true ? [] : [{ kind: "cross" as const, measure: measures[across] }]),
      { kind: "within" as const, measure: measures[within] },
    ].filter(({ measure }) => measure?.kind === "value");
    return [{ label: withCount(name, pickKeys(measures, [across, within]), site.n), marks }];
  });
}

function pickKeys(measures: ByDirection, keys: readonly Direction[]): ByDirection {
  return Object.fromEntries(keys.map((key) => [key, measures[key]]));
}

/** The name of a control, with its trials where they are not the site's `n`; and with the directions, where only these differ. */
function withCount(name: string, measures: ByDirection, n: number): string {
  const counts = new Map<number, Direction[]>();
  for (const key of DIRECTIONS) {
    const measure = measures[key];
    if (measure?.kind === "value") counts.set(measure.n, [...(counts.get(measure.n) ?? []), key]);
  }
  const notes = [...counts]
    .filter(([count]) => count !== n)
    .map(([count, keys]) => `n = ${count}${counts.size === 1 ? "" : ` ${keys.join(", ")}`}`);
  return [name, ...notes].join(", ");
}

/** All of them by direction. */
export function ControlTable({ site }: { readonly site: SiteVerdict }): JSX.Element {
  const rows = CONTROLS.map(({ name, pick }) => ({ name, measures: pick(site) }));
  return (
    <>
      <DataTable
        caption={`Controls (share of trials) by direction, n = ${site.n} where no other stands; ${ABSENT} and controls without a row were not run`}
        head={[...texts("Control"), ...numbers(...DIRECTIONS)]}
      >
        {rows
          .filter(({ measures }) => Object.keys(measures).length > 0)
          .map(({ name, measures }) => (
            <tr>
              <RowHead>{withCount(name, measures, site.n)}</RowHead>
              <DirectionCells of={measures} />
            </tr>
          ))}
      </DataTable>
      {site.ownTable !== undefined && (
        <DataTable
          caption={`Under the tuned model's own answer table: interchange accuracy (share of trials), n = ${site.ownTable.n}`}
          head={[...texts("Figure"), ...numbers(...DIRECTIONS)]}
        >
          <tr>
            <RowHead>learned maps</RowHead>
            <DirectionCells of={site.ownTable.iia} />
          </tr>
          <tr>
            <RowHead>null</RowHead>
            <DirectionCells of={site.ownTable.null} />
          </tr>
        </DataTable>
      )}
    </>
  );
}
