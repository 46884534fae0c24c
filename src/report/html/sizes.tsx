/** @file How large the subspace must be: closed-form subspaces of growing k, as a curve and as a table. */
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { JSX } from "preact";

import { DIRECTIONS, type Direction } from "../../measure/measures.js";
import type { FurtherFigures, SiteVerdict } from "../../verdict/verdicts.js";
import { measureText } from "../figure-text.js";
import { Mark, markPath, type SeriesKind } from "./mark.js";
import { DataTable, DirectionCells, Plain, RowHead, numbers, texts } from "./parts.js";

const KINDS: Readonly<Record<Direction, SeriesKind>> = {
  "base→base": "within",
  "base→tuned": "cross",
  "tuned→base": "cross2",
  "tuned→tuned": "within2",
};

const WIDTH = 380;
const LEFT = 36;
const RIGHT = 14;
const TOP = 34;
const BOTTOM = 156;
const HEIGHT = 192;
/** Points of the four directions stand beside each other. */
const ASIDE: Readonly<Record<Direction, number>> = {
  "base→base": -4.5,
  "base→tuned": -1.5,
  "tuned→base": 1.5,
  "tuned→tuned": 4.5,
};

interface SizeProps {
  readonly site: SiteVerdict;
}

/** The curve over k; nothing where it was not measured. */
export function SizeChart({ site, id }: SizeProps & { readonly id: string }): JSX.Element | null {
  const curve = site.further?.sizeCurve;
  if (curve === undefined || curve.points.length === 0) return null;
  const keys = DIRECTIONS.filter((key) => curve.points.some(({ iia }) => iia[key] !== undefined));
  const ends = [LEFT + 16, WIDTH - RIGHT - 16];
  const spread = curve.points.length === 1 ? 1 : 0; // a single size stands in the middle
  const x = scaleLinear([-spread, curve.points.length - 1 + spread], ends);
  const y = scaleLinear([0, 1], [BOTTOM, TOP]);
  return (
    <figure>
      <figcaption>
        Size of the subspace <span>closed form, untrained; the verdict stands on k = {site.k}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={`${id}-t ${id}-d`}>
        <title
          id={`${id}-t`}
        >{`Interchange accuracy by size k, layer ${site.layer}, role ${site.role}`}</title>
        <desc id={`${id}-d`}>{describe(curve, keys)}</desc>
        <Keys of={keys} />
        <path
          class="grid"
          d={y
            .ticks(5)
            .map((tick) => `M${LEFT} ${round(y(tick))}H${WIDTH - RIGHT}`)
            .join("")}
        />
        {y.ticks(5).map((tick) => (
          <text x={LEFT - 6} y={round(y(tick) + 4)} class="e">
            {tick.toFixed(1)}
          </text>
        ))}
        {curve.points.map(({ k }, index) => (
          <text class={k === site.k ? "m strong" : "m"} x={round(x(index))} y={BOTTOM + 15}>
            {k}
          </text>
        ))}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 4} class="m">
          {`k (dimensions), n = ${curve.n}; vertical: share of trials`}
        </text>
        {keys.map((key) => (
          <Series of={pointsOf(curve, key)} kind={KINDS[key]} shift={ASIDE[key]} x={x} y={y} />
        ))}
      </svg>
    </figure>
  );
}

type SizeCurve = FurtherFigures["sizeCurve"];

function describe({ points, smallest }: SizeCurve, keys: readonly Direction[]): string {
  const told = keys.map((key) => {
    const values = points.map(({ k, iia }) => `k ${k} ${measureText(iia[key])}`);
    const enough = smallest[key];
    return `${key}: ${values.join(", ")}${enough === undefined ? "" : `; ${enough} is enough`}`;
  });
  return `${told.join(". ")}.`;
}

function Keys({ of }: { readonly of: readonly Direction[] }): JSX.Element {
  const room = (WIDTH - 4) / 4;
  return (
    <g>
      {of.map((key, index) => (
        <g>
          <Mark kind={KINDS[key]} x={8 + index * room} y={12} />
          <text x={17 + index * room} y={16}>
            {key}
          </text>
        </g>
      ))}
    </g>
  );
}

interface Point {
  readonly index: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

function pointsOf({ points }: SizeCurve, key: Direction): readonly Point[] {
  return points.flatMap(({ iia }, index) => {
    const measure = iia[key];
    if (measure?.kind !== "value") return [];
    const [low, high] = measure.interval;
    return [{ index, value: measure.value, low, high }];
  });
}

function Series(props: {
  readonly of: readonly Point[];
  readonly kind: SeriesKind;
  readonly shift: number;
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
}): JSX.Element {
  const { of, kind, shift, x, y } = props;
  const across = ({ index }: Point): number => round(x(index) + shift);
  const path = line<Point>(across, ({ value }) => round(y(value)));
  const bars = of.map(
    (point) => `M${across(point)} ${round(y(point.low))}V${round(y(point.high))}`,
  );
  const marks = of.map((point) => markPath(kind, { x: across(point), y: round(y(point.value)) }));
  return (
    <g>
      <path class={`curve ${kind}`} d={path([...of]) ?? ""} />
      <path class={`bar ${kind}`} d={bars.join("")} />
      <path class={`mark ${kind}`} d={marks.join("")} />
    </g>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The same, with the smallest sufficient size of each direction. */
export function SizeTable({ site }: SizeProps): JSX.Element | null {
  const curve = site.further?.sizeCurve;
  if (curve === undefined) return null;
  return (
    <DataTable
      caption={`Closed-form subspaces of growing k (share of the first n = ${curve.n} trials); the last row is the smallest k that reaches 95 % of the best of its direction`}
      head={[...texts("k"), ...numbers(...DIRECTIONS)]}
    >
      {curve.points.map(({ k, iia }) => (
        <tr>
          <RowHead>{k}</RowHead>
          <DirectionCells of={iia} />
        </tr>
      ))}
      <tr>
        <RowHead>smallest sufficient k</RowHead>
        {DIRECTIONS.map((key) => (
          <Plain of={curve.smallest[key]} />
        ))}
      </tr>
    </DataTable>
  );
}
