/** @file How natural patched states are, where the learned subspaces lie, and how the learning of a cell went. */
import type { JSX } from "preact";

import {
  DIRECTIONS,
  SIDES,
  type CellMeasures,
  type Distance,
  type NullBlock,
} from "../../measure/measures.js";
import { countHits } from "../../stats/hits.js";
import type { Measure, SiteVerdict } from "../../verdict/verdicts.js";
import { ABSENT, plainText } from "../figure-text.js";
import { IntervalChart } from "./interval-chart.js";
import { DataTable, DirectionCells, RowHead, numbers, texts } from "./parts.js";

interface Props {
  readonly cell: CellMeasures | undefined;
}

function asMeasure(distance: Distance | undefined): Measure | undefined {
  if (distance === undefined) return undefined;
  const { ratio: value, interval, n } = distance;
  const method = "median, 95 % from order statistics";
  return { kind: "value", value, unit: "ratio", interval, n, method };
}

/** Distances of patched states from natural ones, by direction. */
export function DistanceChart({ cell, id }: Props & { readonly id: string }): JSX.Element | null {
  const { naturalness } = cell?.learning ?? {};
  if (naturalness === undefined) return null;
  const found = Object.values(naturalness);
  if (found.length === 0) return null;
  const n = Math.max(...found.map((distance) => distance.n));
  return (
    <figure>
      <figcaption>
        Distance from natural states <span>1 (stroke) = as natural as states are</span>
      </figcaption>
      <IntervalChart
        id={id}
        title="Distance of patched states from natural states of their counterfactual, by direction"
        axis={`distance (ratio to natural states), median, n = ${n}`}
        reference={1}
        hasFigures
        rows={DIRECTIONS.filter((key) => naturalness[key] !== undefined).map((key) => ({
          label: key,
          marks: [{ kind: "cross", measure: asMeasure(naturalness[key]) }],
        }))}
      />
    </figure>
  );
}

const SHOWN = [
  { name: "learned maps", pick: (cell: CellMeasures) => cell.learning?.naturalness },
  {
    name: "behaviour only (λ = 0)",
    pick: (cell: CellMeasures) => cell.further?.behaviourOnly?.naturalness,
  },
  {
    name: "shuffled labels",
    pick: (cell: CellMeasures) => cell.further?.shuffledLabels?.naturalness,
  },
] as const;

/** The same, also of the control learnings. */
export function DistanceTable({ cell }: Props): JSX.Element | null {
  if (cell?.learning === undefined) return null;
  return (
    <DataTable
      caption="Distance of patched states from natural states of their counterfactual: median Mahalanobis distance over that of natural states (ratio, 1 = natural)"
      head={[...texts("Maps"), ...numbers(...DIRECTIONS)]}
    >
      {SHOWN.map(({ name, pick }) => {
        const distances = pick(cell);
        if (distances === undefined) return null;
        const measures = DIRECTIONS.flatMap((key) => {
          const measure = asMeasure(distances[key]);
          return measure === undefined ? [] : [[key, measure] as const];
        });
        return (
          <tr>
            <RowHead>{name}</RowHead>
            <DirectionCells of={Object.fromEntries(measures)} />
          </tr>
        );
      })}
    </DataTable>
  );
}

const DEGREES = 180 / Math.PI;

/** Angles between the models, dormant shares, sizes of codes, and the spread over learnings. */
export function GeometryTable(props: Props & { readonly site: SiteVerdict }): JSX.Element | null {
  const { further } = props.site;
  if (further === undefined) return null;
  const { geometry, spread } = further;
  const angles = geometry.principalAngles?.map((angle) => `${plainText(angle * DEGREES)}°`);
  const rows: readonly (readonly [string, string])[] = [
    ["principal angles between the models", angles?.join(", ") ?? ABSENT],
    ["size of the tuned code over the base's (ratio)", figure(geometry.codeScale)],
    ...SIDES.map(
      (side) =>
        [
          `${side}: share of the subspace outside natural variance`,
          figure(geometry.dormantShare[side]),
        ] as const,
    ),
    ...SIDES.map(
      (side) =>
        [
          `${side}: size of the code (units of the states)`,
          figure(geometry.codeSize[side]),
        ] as const,
    ),
    ...DIRECTIONS.flatMap((key) => {
      const range = spread?.iia[key];
      if (range === undefined) return [];
      return [
        [
          `${key}: accuracy over ${spread?.learnings ?? 0} learnings`,
          range.map(plainText).join(" to "),
        ] as const,
      ];
    }),
  ];
  return (
    <DataTable caption="Learned subspaces" head={[...texts("Figure"), ...numbers("value")]}>
      {rows.map(([name, value]) => (
        <tr>
          <RowHead>{name}</RowHead>
          <td class="n">{value}</td>
        </tr>
      ))}
    </DataTable>
  );
}

function figure(value: number | undefined): string {
  return value === undefined ? ABSENT : plainText(value);
}

/** What was learned in place of rotations by MAS. */
function mapRows(maps: CellMeasures["maps"]): readonly (readonly [string, string])[] {
  if (maps === undefined) return [];
  const closed = maps.closed === undefined ? "" : `; ${maps.closed} recorded only`;
  const joint = maps.joint === undefined ? "" : `; blocks ${maps.joint.join(", ")}`;
  return [["method, maps", `${maps.method}, ${maps.map}${closed}${joint}`]];
}

/** How many answers stay when all outside the blocks is exchanged within a model. */
function nullBlockRows(found: NullBlock | undefined): readonly (readonly [string, string])[] {
  if (found === undefined) return [];
  const counts = SIDES.flatMap((side) => {
    const hits = found.swapped[`${side}→${side}`];
    const own = countHits(found.noIntervention[side]).hits;
    return hits === undefined
      ? []
      : [`${side} ${countHits(hits).hits} of ${hits.length} (${own} with nothing exchanged)`];
  });
  return [["own answers with all else exchanged", counts.join(", ")]];
}

/** What the first of several learnings gave: what the others did not. */
function firstDirections(cell: CellMeasures | undefined): string {
  const others = cell?.learning?.others;
  if (others === undefined) return "";
  const given = others.flatMap(({ directions }) => directions);
  const learned = DIRECTIONS.filter((key) => cell?.trials[0]?.iia[key] !== undefined);
  return ` for ${learned.filter((key) => !given.includes(key)).join(", ")}`;
}

/** Dimensions that are exchanged, where their number was learned. */
function sizeRows({
  size,
  others = [],
}: NonNullable<CellMeasures["learning"]>): readonly (readonly [string, string])[] {
  if (size === undefined) return [];
  const rest = others.map((part) => `${part.size ?? ABSENT} for ${part.directions.join(", ")}`);
  return [["dimensions exchanged, learned", [size, ...rest].join("; ")]];
}

/** How the learning went, in a sentence or two. */
export function LearningText({
  cell,
  site,
}: Props & { readonly site: SiteVerdict }): JSX.Element | null {
  const learning = cell?.learning;
  if (learning === undefined) return null;
  const { steps, bestStep, trained, validationLossNats } = learning;
  const losses = validationLossNats.length === 0 ? undefined : Math.min(...validationLossNats);
  const rows = [
    ["models trained", trained.join(" and ")],
    ...mapRows(cell?.maps),
    [`steps, kept step${firstDirections(cell)}`, `${steps}, ${bestStep}`],
    ...sizeRows(learning),
    ...nullBlockRows(cell?.further?.nullBlock),
    ...(learning.others ?? []).map((part) => [
      `steps, kept step for ${part.directions.join(", ")}`,
      `${part.steps}, ${part.bestStep}`,
    ]),
    // of latents it is no entropy
    [
      cell?.maps === undefined ? "validation loss there (nats)" : "validation loss there",
      figure(losses),
    ],
    ["k, seed", `${site.k}, ${site.seed}`],
    ["width of the states", SIDES.map((side) => cell?.dModel[side] ?? ABSENT).join(" and ")],
    ...(learning.tensors === undefined ? [] : [["learned subspaces", learning.tensors]]),
  ];
  return (
    <div>
      <dl>
        {rows.map(([term, text]) => (
          <>
            <dt>{term}</dt>
            <dd>{text}</dd>
          </>
        ))}
      </dl>
    </div>
  );
}
