/** @file The map of sites as one SVG that stands by itself: title, axes, units, n and legend are inside. */
import type { JSX } from "preact";

import type { VariableWord } from "../../verdict/verdicts.js";
import { modelName } from "../highlights.js";
import type { Result } from "../schema.js";
import { WORDS, WORD_ORDER } from "../words.js";
import { cellAt, usedWords, variableId, type MapCell, type MapRow } from "./places.js";

/** Pixels: the picture is shown at its own size and scrolls where it is wider than the page. */
const LABELS = 96;
const NARROWEST = 335; // a phone of 375 less its margins
const WIDEST = 1014; // the page's column
const HEAD = 48;
const ROW = 30;
const GROUP = 26;
const TILE = 24;
const LEGEND_ROW = 26;
/** A letter of the picture's text is at most so wide on average. */
const LETTER = 6.8;

interface Frame {
  readonly layers: readonly number[];
  readonly width: number;
  readonly step: number;
}

interface PictureProps {
  readonly result: Result;
  readonly rows: readonly MapRow[];
  readonly layers: readonly number[];
}

/** Draws the map; cells are links. */
export function MapPicture({ result, rows, layers }: PictureProps): JSX.Element {
  const step = Math.max(TILE + 4, Math.min(46, Math.floor((WIDEST - LABELS) / layers.length)));
  const width = Math.max(NARROWEST, LABELS + layers.length * step);
  const frame = { layers, width, step };
  const placed = place(rows);
  const bottom = HEAD + placed.reduce((sum, { height }) => sum + height, 0);
  const legend = flow(
    WORD_ORDER.filter((word) => usedWords(result).has(word)),
    width,
  );
  const height = bottom + 62 + legend.height;
  return (
    <svg
      class="picture"
      role="group"
      aria-labelledby="map-t map-d"
      // at least its own size, so that letters can be read; small maps grow on wide pages
      style={`min-width:${width}px;max-width:${Math.max(width, Math.min(WIDEST, 1.5 * width))}px`}
      viewBox={`0 0 ${width} ${height}`}
    >
      <title id="map-t">{`Verdict by variable, position role and layer: ${titleOf(result)}`}</title>
      <desc id="map-d">{describe(result, rows)}</desc>
      <Patterns />
      <text class="title" x={0} y={16}>
        {clip(titleOf(result), width / 7.6)}
      </text>
      <text x={0} y={35}>
        {clip("does it still work the same way inside?", width / LETTER)}
      </text>
      {placed.map(({ row, top, isFirst }) => (
        <Row row={row} top={top} isFirst={isFirst} frame={frame} />
      ))}
      <Axis frame={frame} y={bottom} trials={trialsText(result)} />
      {legend.entries.map(({ word, x, row }) => (
        <g
          class={`site is-${word}`}
          transform={`translate(${x} ${bottom + 62 + row * LEGEND_ROW})`}
        >
          <Face word={word} width={TILE} />
          <text
            class="name"
            x={TILE + 6}
            y={16}
            style="font-size:12px;font-weight:400;fill:var(--ink);stroke:none"
          >
            {WORDS[word].title}
          </text>
        </g>
      ))}
    </svg>
  );
}

function titleOf(result: Result): string {
  return `${modelName(result, "tuned")} against ${modelName(result, "base")}`;
}

function describe({ variables }: Result, rows: readonly MapRow[]): string {
  const told = variables.map(({ variable, verdict }) => `${variable} ${WORDS[verdict].title}`);
  return `${told.join("; ")}. ${rows.length} rows; the table below the picture holds every cell.`;
}

interface PlacedRow {
  readonly row: MapRow;
  readonly top: number;
  readonly height: number;
  /** Of its variable, whose name stands above it. */
  readonly isFirst: boolean;
}

function place(rows: readonly MapRow[]): readonly PlacedRow[] {
  let top = HEAD;
  return rows.map((row, index) => {
    const isFirst = rows[index - 1]?.at !== row.at;
    const height = ROW + (isFirst ? GROUP : 0);
    const placed = { row, top, height, isFirst };
    top += height;
    return placed;
  });
}

interface RowProps {
  readonly row: MapRow;
  readonly top: number;
  readonly isFirst: boolean;
  readonly frame: Frame;
}

function Row({ row, top, isFirst, frame }: RowProps): JSX.Element {
  const { variable, at, role } = row;
  const y = top + (isFirst ? GROUP : 0);
  const word = WORDS[variable.verdict].title;
  const room = frame.width / LETTER - word.length - 3;
  return (
    <g>
      {isFirst && <path class="grid" d={`M0 ${top + 3}H${frame.width}`} />}
      {isFirst && (
        <a href={`#${variableId(at)}`} aria-label={`${variable.variable}: ${word}`}>
          <text class="strong" x={0} y={top + 20}>
            {clip(variable.variable, room)}{" "}
            <tspan
              class={`letter is-${variable.verdict}`}
              style={`fill:var(--${variable.verdict})`}
            >
              {word}
            </tspan>
          </text>
        </a>
      )}
      <text x={0} y={y + 17}>
        {clip(role, LABELS / LETTER)}
      </text>
      {frame.layers.map((layer, index) => {
        const cell = cellAt(row, layer);
        if (cell === undefined) return null;
        return (
          <Cell cell={cell} row={row} x={LABELS + index * frame.step} y={y} step={frame.step} />
        );
      })}
    </g>
  );
}

interface CellProps {
  readonly cell: MapCell;
  readonly row: MapRow;
  readonly x: number;
  readonly y: number;
  readonly step: number;
}

function Cell({ cell, row, x, y, step }: CellProps): JSX.Element {
  const { word, href, layer, n } = cell;
  const place = `${row.variable.variable}, role ${row.role}, layer ${layer}`;
  const trials = n[0] === n[1] ? String(n[0]) : n.join("–");
  const label = `${place}: ${WORDS[word].title}, n = ${trials}`;
  return (
    <a href={href} class={`site is-${word}`} aria-label={label}>
      <title>{label}</title>
      <g transform={`translate(${x} ${y})`}>
        <Face word={word} width={step - 4} />
      </g>
    </a>
  );
}

/** Words with a pattern over their colour; the others differ by lightness, edge and letter. */
const PATTERNS: Readonly<Partial<Record<VariableWord, string>>> = {
  lost: "M-2 8L8-2M2 12L12 2",
  moved: "M0 3H10M0 8H10",
  gained: "M2 2h2v2h-2zM7 7h2v2h-2z",
};

function Patterns(): JSX.Element {
  return (
    <defs>
      {Object.entries(PATTERNS).map(([word, path]) => (
        <pattern id={`pattern-${word}`} width="10" height="10" patternUnits="userSpaceOnUse">
          <path class="hatching" d={path} />
        </pattern>
      ))}
    </defs>
  );
}

function Face({
  word,
  width,
}: {
  readonly word: VariableWord;
  readonly width: number;
}): JSX.Element {
  return (
    <>
      <rect width={width} height={TILE} rx="4" />
      {PATTERNS[word] !== undefined && (
        <rect
          class="over"
          width={width}
          height={TILE}
          rx="4"
          style={`fill:url(#pattern-${word})`}
        />
      )}
      <text x={width / 2} y={17} text-anchor="middle">
        {WORDS[word].letter.replace(".", "·")}
      </text>
    </>
  );
}

function Axis(props: {
  readonly frame: Frame;
  readonly y: number;
  readonly trials: string;
}): JSX.Element {
  const { frame, y, trials } = props;
  const { layers, step, width } = frame;
  return (
    <g>
      <path class="axis" d={`M${LABELS} ${y + 2}H${Math.max(width, LABELS)}`} />
      {layers.map((layer, index) => (
        <text x={LABELS + index * step + (step - 4) / 2} y={y + 17} text-anchor="middle">
          {layer}
        </text>
      ))}
      <text x={0} y={y + 17}>
        layer
      </text>
      <text x={0} y={y + 36}>
        {clip(`residual stream after that block (0 = embedding)`, width / LETTER)}
      </text>
      <text x={0} y={y + 52}>
        {trials}
      </text>
    </g>
  );
}

function trialsText({ variables }: Result): string {
  const n = variables.flatMap(({ sites }) => sites.map((site) => site.n));
  const [low, high] = [Math.min(...n), Math.max(...n)];
  return `n = ${low === high ? low : `${low}–${high}`} held-out pairs per cell`;
}

interface Entry {
  readonly word: VariableWord;
  readonly x: number;
  readonly row: number;
}

/** Legend entries beside each other, in as many rows as they need. */
function flow(
  words: readonly VariableWord[],
  width: number,
): { readonly entries: readonly Entry[]; readonly height: number } {
  let [x, row] = [0, 0];
  const entries = words.map((word) => {
    const room = TILE + 6 + WORDS[word].title.length * LETTER + 14;
    if (x > 0 && x + room > width) [x, row] = [0, row + 1];
    const entry = { word, x, row };
    x += room;
    return entry;
  });
  return { entries, height: (row + 1) * LEGEND_ROW };
}

function clip(text: string, most: number): string {
  const letters = Array.from(text);
  const room = Math.max(4, Math.floor(most));
  return letters.length <= room ? text : `${letters.slice(0, room - 1).join("")}…`;
}
