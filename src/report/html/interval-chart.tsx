/**
 * @file Rows of points with intervals over one axis: the chart of a site's directions, of its controls and of its
 * distances. Bands show what a point must beat (null) and what it can reach (ceiling).
 */
import { scaleLinear, type ScaleLinear } from "d3-scale";
import type { JSX } from "preact";

import type { Measure } from "../../verdict/verdicts.js";
import { intervalText, valueText } from "../figure-text.js";
import { markPath, type SeriesKind } from "./mark.js";

/** A point of a row. */
export interface ChartMark {
  readonly kind: SeriesKind;
  readonly measure: Measure | undefined;
}

/** One row. Nothing is drawn for a measure without a value; the row then says so. */
export interface ChartRow {
  readonly label: string;
  readonly marks: readonly ChartMark[];
  readonly null?: Measure | undefined;
  readonly ceiling?: Measure | undefined;
  /** Value that the policy asks for. */
  readonly need?: number | undefined;
}

/** What the chart shows. */
export interface IntervalChartProps {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly ChartRow[];
  /** Title of the axis with its unit, and n. */
  readonly axis: string;
  /** A line across all rows. */
  readonly reference?: number;
  /** Print each row's figure beside its label. */
  readonly hasFigures?: boolean;
}

const WIDTH = 380;
const SIDE = 12;
const ROW = 38;
const TOP = 4;
const BOTTOM = 40;
/** Of the middle of the points below the top of their row. */
const LANE = 27;
const HALF = 8;

type Scale = ScaleLinear<number, number>;

/** Draws the rows from top to bottom. */
export function IntervalChart(props: IntervalChartProps): JSX.Element {
  const { id, title, rows, axis, reference } = props;
  const x = scaleLinear(domainOf(rows), [SIDE, WIDTH - SIDE]);
  const bottom = TOP + rows.length * ROW;
  const kinds = [...new Set(rows.flatMap(({ marks }) => marks.map(({ kind }) => kind)))];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${bottom + BOTTOM}`} role="img" aria-labelledby={`${id}-t ${id}-d`}>
      <title id={`${id}-t`}>{title}</title>
      <desc id={`${id}-d`}>{describe(rows)}</desc>
      <path
        class="grid"
        d={x
          .ticks(5)
          .map((tick) => `M${at(x, tick)} ${TOP}V${bottom}`)
          .join("")}
      />
      <path
        class="grid"
        d={rows.map((_, i) => `M${SIDE} ${TOP + i * ROW + LANE}H${WIDTH - SIDE}`).join("")}
      />
      <path class="axis" d={`M${SIDE} ${bottom}H${WIDTH - SIDE}`} />
      {x.ticks(5).map((tick) => (
        <text x={at(x, tick)} y={bottom + 15} class="m">
          {x.tickFormat(5)(tick)}
        </text>
      ))}
      <text x={WIDTH / 2} y={bottom + 33} class="m">
        {axis}
      </text>
      {rows.map((row, index) => (
        <Row row={row} top={TOP + index * ROW} x={x} hasFigures={props.hasFigures === true} />
      ))}
      {kinds.map((kind) => (
        <Series rows={rows} kind={kind} x={x} />
      ))}
      {reference !== undefined && (
        <path
          class="need"
          d={rows
            .map((_, i) => `M${at(x, reference)} ${TOP + i * ROW + LANE - HALF}v${2 * HALF}`)
            .join("")}
        />
      )}
    </svg>
  );
}

/** From 0 to 1, and as far beyond as any interval reaches: nothing is cut off. */
function domainOf(rows: readonly ChartRow[]): [number, number] {
  const ends = rows.flatMap((row) =>
    [...row.marks.map(({ measure }) => measure), row.null, row.ceiling].flatMap((measure) =>
      measure?.kind === "value" ? measure.interval : [],
    ),
  );
  return [Math.floor(4 * Math.min(0, ...ends)) / 4, Math.ceil(4 * Math.max(1, ...ends)) / 4];
}

/** More rows than this are told by the table below their chart. */
const TOLD = 4;

function describe(rows: readonly ChartRow[]): string {
  if (rows.length > TOLD) {
    return `${rows.map(({ label }) => label).join(", ")}. The table below holds every value with its interval.`;
  }
  const told = rows.map(({ label, marks }) => {
    const figures = marks.flatMap(({ measure }) =>
      measure?.kind === "value" ? [`${valueText(measure)} ${intervalText(measure)}`] : [],
    );
    return `${label}: ${figures.length === 0 ? "no value" : figures.join(" and ")}`;
  });
  return `${told.join("; ")}.`;
}

interface RowProps {
  readonly row: ChartRow;
  readonly top: number;
  readonly x: Scale;
  readonly hasFigures: boolean;
}

function Row({ row, top, x, hasFigures }: RowProps): JSX.Element {
  const middle = top + LANE;
  const figures = row.marks.filter(({ measure }) => measure?.kind === "value");
  return (
    <g>
      <text class="name" x={SIDE} y={top + 14}>
        {row.label}
      </text>
      {(hasFigures || figures.length === 0) && (
        <text x={WIDTH - SIDE} y={top + 14} class="e">
          {figures.length === 0 ? "not run" : figures.map(figureText).join("  ")}
        </text>
      )}
      <Null of={row.null} x={x} y={middle} />
      <Band of={row.ceiling} x={x} y={middle} />
      {row.need !== undefined && (
        <path class="need" d={`M${at(x, row.need)} ${middle - HALF}V${middle + HALF}`} />
      )}
    </g>
  );
}

function figureText({ measure }: ChartMark): string {
  return measure?.kind === "value" ? `${valueText(measure)} ${intervalText(measure)}` : "";
}

interface BandProps {
  readonly of: Measure | undefined;
  readonly x: Scale;
  readonly y: number;
}

function Null({ of, x, y }: BandProps): JSX.Element | null {
  if (of?.kind !== "value") return null;
  const [low, high] = of.interval;
  const left = at(x, x.domain()[0] ?? 0);
  return (
    <>
      <path class="null" d={box(left, at(x, high), y)} />
      <path
        class="null-edge"
        d={`M${at(x, low)} ${y}H${at(x, high)}M${at(x, of.value)} ${y - HALF}v${2 * HALF}`}
      />
    </>
  );
}

function Band({ of, x, y }: BandProps): JSX.Element | null {
  if (of?.kind !== "value") return null;
  const [low, high] = of.interval;
  // an exact figure has no width: a hair of it must still be seen
  return <path class="ceiling" d={box(at(x, low), Math.max(at(x, high), at(x, low) + 2), y)} />;
}

function box(left: number, right: number, y: number): string {
  return `M${left} ${y - HALF}H${right}v${2 * HALF}H${left}Z`;
}

/** All points of one series in two elements: a page holds thousands. */
function Series(props: {
  readonly rows: readonly ChartRow[];
  readonly kind: SeriesKind;
  readonly x: Scale;
}): JSX.Element | null {
  const { rows, kind, x } = props;
  const points = rows.flatMap(({ marks }, row) =>
    marks.flatMap((mark, index) => {
      if (mark.kind !== kind || mark.measure?.kind !== "value") return [];
      // two points of one row stand above each other, so that both intervals can be seen
      const aside = marks.length > 1 ? index * 8 - 4 : 0;
      return [{ measure: mark.measure, y: TOP + row * ROW + LANE + aside }];
    }),
  );
  if (points.length === 0) return null;
  const bars = points.map(
    ({ measure: { interval }, y }) => `M${at(x, interval[0])} ${y}H${at(x, interval[1])}`,
  );
  const marks = points.map(({ measure, y }) => markPath(kind, { x: at(x, measure.value), y }));
  return (
    <>
      <path class={`bar ${kind}`} d={bars.join("")} />
      <path class={`mark ${kind}`} d={marks.join("")} />
    </>
  );
}

function at(x: Scale, value: number): number {
  return Math.round(x(value) * 10) / 10;
}
