/**
 * @file A table of layers against layers as a picture: the darker, the more alike. Below 0 is left white and marked,
 * so that nothing but the figure itself is ever shown as alike.
 */
import type { JSX } from "preact";

/** A heat map over `[row][column]` values up to 1. */
export interface HeatMapProps {
  readonly title: string;
  readonly rows: { readonly title: string; readonly names: readonly string[] };
  readonly columns: { readonly title: string; readonly names: readonly string[] };
  readonly values: readonly (readonly (number | null)[])[];
  /** How values look. @defaultValue likeness: full colour is 1 */
  readonly look?: Look;
  /** Squares around the cells of these rows and columns, first and last index. */
  readonly blocks?: readonly (readonly [first: number, last: number])[];
}

/** How a value looks. */
export interface Look {
  /** Strength of its colour; below 0 as 0. */
  readonly strength: (value: number) => number;
  /** In a large cell: four characters. */
  readonly figure: (value: number) => string;
}

const LIKENESS: Look = { strength: (value) => value, figure: likeness };

const LEFT = 56;
const TOP = 10;
const BOTTOM = 44;
/** Sides of a cell, in units of the picture; fewer layers get larger cells, with figures in them. */
const LARGE = 40;
const SMALL = 14;
/** Most rows and columns whose cells hold their figures. */
const FIGURES = 10;

/** The picture; what it shows stands in a table beside it. */
export function HeatMap({
  title,
  rows,
  columns,
  values,
  look = LIKENESS,
  blocks = [],
}: HeatMapProps): JSX.Element {
  const count = Math.max(rows.names.length, columns.names.length);
  const side = count <= FIGURES ? LARGE : SMALL;
  const width = LEFT + columns.names.length * side + 10;
  const height = TOP + rows.names.length * side + BOTTOM;
  const every = Math.max(1, Math.ceil(22 / side)); // names that do not touch
  return (
    <svg
      class="picture heat"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
    >
      <title>{title}</title>
      {values.map((row, i) =>
        row.map((value, j) => (
          <Cell
            {...{ value, side, look, x: LEFT + j * side, y: TOP + i * side }}
            where={`${rows.title} ${rows.names[i] ?? ""}, ${columns.title} ${columns.names[j] ?? ""}`}
          />
        )),
      )}
      {blocks.map(([first, last]) => (
        <rect
          x={LEFT + first * side}
          y={TOP + first * side}
          width={(last - first + 1) * side}
          height={(last - first + 1) * side}
          class="heat-block"
        />
      ))}
      {rows.names.map((name, i) =>
        i % every === 0 ? (
          <text x={LEFT - 6} y={TOP + (i + 0.5) * side + 4} text-anchor="end">
            {name}
          </text>
        ) : null,
      )}
      {columns.names.map((name, j) =>
        j % every === 0 ? (
          <text x={LEFT + (j + 0.5) * side} y={height - BOTTOM + 16} text-anchor="middle">
            {name}
          </text>
        ) : null,
      )}
      <text
        class="name"
        x={LEFT + (columns.names.length * side) / 2}
        y={height - 6}
        text-anchor="middle"
      >
        {columns.title}
      </text>
      <text
        class="name"
        transform={`translate(14 ${TOP + (rows.names.length * side) / 2}) rotate(-90)`}
        text-anchor="middle"
      >
        {rows.title}
      </text>
    </svg>
  );
}

function Cell({
  value,
  side,
  look,
  x,
  y,
  where,
}: {
  readonly value: number | null;
  readonly look: Look;
  readonly side: number;
  readonly x: number;
  readonly y: number;
  readonly where: string;
}): JSX.Element {
  const says = `${where}: ${value === null ? "undefined" : value.toFixed(3)}`;
  const strength = value === null ? 0 : Math.max(0, look.strength(value));
  const middle = { x: x + side / 2, y: y + side / 2 + 4, "text-anchor": "middle" } as const;
  return (
    <g>
      <title>{says}</title>
      <rect {...{ x, y }} width={side} height={side} class="heat-ground" />
      <rect
        {...{ x, y }}
        width={side}
        height={side}
        class="heat-value"
        fill-opacity={strength.toFixed(3)}
      />
      {value === null && <text {...middle}>·</text>}
      {value !== null && value < 0 && side === SMALL && <text {...middle}>−</text>}
      {value !== null && side === LARGE && (
        <text {...middle} class={strength > 0.55 ? "on-heat" : "name"}>
          {look.figure(value)}
        </text>
      )}
    </g>
  );
}

/** `.87`, `1.0`, `−.03`: two digits fit a cell. */
function likeness(value: number): string {
  const text = Math.abs(value).toFixed(2);
  const short = text.startsWith("0") ? text.slice(1) : "1.0";
  return value < 0 && text !== "0.00" ? `−${short}` : short;
}

/** How heat maps look, beside the style of the page. */
export const HEAT_STYLE = `
svg.heat { width: auto; }
.heat-ground { fill: var(--ground); stroke: var(--line); stroke-width: 0.5; } .heat-value { fill: var(--cross); }
.heat-block { fill: none; stroke: var(--ink); stroke-width: 2; }
svg text.on-heat { fill: var(--on-tile); }
`;
