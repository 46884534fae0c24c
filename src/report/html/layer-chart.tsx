/**
 * @file Interchange accuracy over layers, into one target model: the other model's states against the model's own
 * (its ceiling), above the null. Every point carries its interval; a layer where nothing was learned has no point.
 */
import { scaleLinear, type ScaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import type { JSX } from "preact";

import { direction, type Direction, type Side } from "../../measure/measures.js";
import type { ByDirection, Measure, SiteVerdict } from "../../verdict/verdicts.js";
import type { Curve } from "../highlights.js";
import { WORDS } from "../words.js";
import { needed } from "./directions.js";
import { Mark } from "./mark.js";

const WIDTH = 440;
const HEIGHT = 270;
const LEFT = 46;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 66;
/** Points of two curves at one layer stand beside each other, so that both intervals can be seen. */
const ASIDE = 4;
/** Closer ticks than this would overlap. */
const TICK = 22;

interface Point {
  readonly layer: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

interface Frame {
  readonly x: ScaleLinear<number, number>;
  readonly y: ScaleLinear<number, number>;
}

/** What a chart shows. */
export interface LayerChartProps {
  readonly curve: Curve;
  /** The model that continues with the patched state. */
  readonly target: Side;
  /** Share of the ceiling's effect that the policy asks for. */
  readonly ratio: number;
  /** Unique within the page; names the title and description. */
  readonly id: string;
  readonly name: string;
}

/** Draws the curves into one target model. Shapes: x = layer, y = share 0 to 1. */
export function LayerChart(props: LayerChartProps): JSX.Element {
  const { curve, target, id, name } = props;
  const source: Side = target === "base" ? "tuned" : "base";
  const keys = { cross: direction(source, target), within: direction(target, target) };
  const frame = frameOf(curve);
  const nulls = points(curve.sites, (site) => largest(site.null, [keys.cross, keys.within]));
  const within = points(curve.sites, (site) => site.iia[keys.within]);
  const cross = points(curve.sites, (site) => site.iia[keys.cross]);
  const swap = points(curve.sites, (site) => site.controls.fullSwap[keys.within]);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={`${id}-t ${id}-d`}>
      <title id={`${id}-t`}>{`${name}: interchange accuracy into ${target}, by layer`}</title>
      <desc id={`${id}-d`}>{describe(props, { cross, within })}</desc>
      <Axes curve={curve} frame={frame} />
      <NullBand of={nulls} frame={frame} />
      <Series of={swap} kind="swap" frame={frame} />
      <Series of={within} kind="within" frame={frame} />
      <Needs {...props} keys={keys} frame={frame} />
      <Series of={cross} kind="cross" frame={frame} />
    </svg>
  );
}

/** The larger of two nulls is the one that was to be beaten; both stand in the table. */
function largest(of: ByDirection, keys: readonly Direction[]): Measure | undefined {
  return keys
    .map((key) => of[key])
    .filter((measure) => measure?.kind === "value")
    .sort((a, b) => b.value - a.value)[0];
}

function points(
  sites: readonly SiteVerdict[],
  pick: (site: SiteVerdict) => Measure | undefined,
): readonly (Point | number)[] {
  return sites.map((site) => {
    const measure = pick(site);
    if (measure?.kind !== "value") return site.layer;
    const [low, high] = measure.interval;
    return { layer: site.layer, value: measure.value, low, high };
  });
}

function isPoint(of: Point | number): of is Point {
  return typeof of !== "number";
}

function frameOf({ sites }: Curve): Frame {
  const layers = sites.map(({ layer }) => layer);
  const low = Math.min(...layers);
  const high = Math.max(...layers);
  const spread = low === high ? 1 : 0; // a single layer stands in the middle
  return {
    x: scaleLinear([low - spread, high + spread], [LEFT + 14, WIDTH - RIGHT - 12]),
    y: scaleLinear([0, 1], [HEIGHT - BOTTOM, TOP]),
  };
}

function describe(
  { curve, target }: LayerChartProps,
  { cross, within }: Readonly<Record<"cross" | "within", readonly (Point | number)[]>>,
): string {
  const tell = (of: readonly (Point | number)[]): string => {
    const found = of.filter(isPoint);
    if (found.length === 0) return "not learned at any layer";
    return found.map(({ layer, value }) => `${value.toFixed(2)} at layer ${layer}`).join(", ");
  };
  return (
    `Role ${curve.role}, k = ${curve.k}. From the other model into ${target}: ${tell(cross)}. ` +
    `Within ${target}: ${tell(within)}. The table below holds every value with its interval.`
  );
}

function Axes({ curve, frame: { x, y } }: { curve: Curve; frame: Frame }): JSX.Element {
  const bottom = HEIGHT - BOTTOM;
  const n = [...new Set(curve.sites.map((site) => site.n))];
  const trials = n.length === 1 ? `n = ${String(n[0])}` : `n = ${Math.min(...n)}–${Math.max(...n)}`;
  const shown = sparse(curve.sites, x);
  return (
    <g>
      {y.ticks(5).map((tick) => (
        <g>
          <line
            class={tick === 0 ? "axis" : "grid"}
            x1={LEFT}
            x2={WIDTH - RIGHT}
            y1={y(tick)}
            y2={y(tick)}
          />
          <text x={LEFT - 8} y={y(tick)} dy="0.35em" text-anchor="end">
            {tick.toFixed(1)}
          </text>
        </g>
      ))}
      {curve.sites.map((site) => (
        <g>
          <line class="axis" x1={x(site.layer)} x2={x(site.layer)} y1={bottom} y2={bottom + 4} />
          {shown.has(site) && (
            <text x={x(site.layer)} y={bottom + 18} text-anchor="middle">
              {site.layer}
            </text>
          )}
          <text
            class={`letter is-${site.verdict}`}
            x={x(site.layer)}
            y={bottom + 36}
            text-anchor="middle"
          >
            {WORDS[site.verdict].letter}
          </text>
        </g>
      ))}
      <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 8} text-anchor="middle">
        {`layer (residual after block), verdict below; ${trials}`}
      </text>
      <text transform={`translate(12 ${(TOP + bottom) / 2}) rotate(-90)`} text-anchor="middle">
        IIA (share of trials)
      </text>
    </g>
  );
}

function sparse(
  sites: readonly SiteVerdict[],
  x: (layer: number) => number,
): ReadonlySet<SiteVerdict> {
  const shown = new Set<SiteVerdict>();
  let edge = Number.NEGATIVE_INFINITY;
  for (const site of sites) {
    if (x(site.layer) - edge < TICK) continue;
    shown.add(site);
    edge = x(site.layer);
  }
  return shown;
}

interface SeriesProps {
  readonly of: readonly (Point | number)[];
  readonly frame: Frame;
}

function NullBand({ of, frame: { x, y } }: SeriesProps): JSX.Element {
  const alone = of.filter(isPoint).filter((point) => !hasNeighbour(of, point));
  const at = (point: Point | number): number => x(isPoint(point) ? point.layer : point);
  const top = (point: Point | number): number => y(isPoint(point) ? point.value : 0);
  const band = area<Point | number>(at, y(0), top).defined(isPoint);
  const edge = line<Point | number>(at, top).defined(isPoint);
  return (
    <g>
      <path class="null" d={band([...of]) ?? ""} />
      <path class="null-edge" d={edge([...of]) ?? ""} />
      {alone.map((point) => (
        // a band needs two neighbours; this shows a null that has none
        <line
          class="null-edge"
          x1={x(point.layer) - 6}
          x2={x(point.layer) + 6}
          y1={y(point.value)}
          y2={y(point.value)}
        />
      ))}
    </g>
  );
}

function hasNeighbour(of: readonly (Point | number)[], point: Point): boolean {
  const index = of.indexOf(point);
  return [of[index - 1], of[index + 1]].some((next) => typeof next === "object");
}

/** How the three curves differ beside colour: dash and marker. */
const KINDS = {
  cross: { shift: ASIDE, hasBars: true },
  within: { shift: -ASIDE, hasBars: true },
  swap: { shift: 0, hasBars: false },
} as const;

type LayerSeries = keyof typeof KINDS;

function Series({ of, kind, frame: { x, y } }: SeriesProps & { kind: LayerSeries }): JSX.Element {
  const { shift, hasBars } = KINDS[kind];
  const at = (point: Point | number): number => x(isPoint(point) ? point.layer : point) + shift;
  const path = line<Point | number>(at, (point) => y(isPoint(point) ? point.value : 0));
  return (
    <g>
      <path class={`curve ${kind}`} d={path.defined(isPoint)([...of]) ?? ""} />
      {of.filter(isPoint).map((point) => (
        <g>
          {hasBars && (
            <line
              class={`bar ${kind}`}
              x1={at(point)}
              x2={at(point)}
              y1={y(point.low)}
              y2={y(point.high)}
            />
          )}
          <Mark kind={kind} x={at(point)} y={y(point.value)} />
        </g>
      ))}
    </g>
  );
}

/** What the policy asks of the cross direction at each layer: null plus its share of the ceiling's effect. */
function Needs(
  props: LayerChartProps & { keys: Record<"cross" | "within", Direction>; frame: Frame },
): JSX.Element {
  const { curve, keys, ratio, frame } = props;
  return (
    <g>
      {curve.sites.map((site) => {
        const value = needed(site, keys.cross, ratio);
        if (value === undefined) return null;
        const y = frame.y(value);
        const x = frame.x(site.layer) + ASIDE;
        return <line class="need" x1={x - 7} x2={x + 7} y1={y} y2={y} />;
      })}
    </g>
  );
}
