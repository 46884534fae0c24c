/** @file Sites by how alike their states look (x) and by how much of the variable is exchanged (y). */
import { scaleLinear, type ScaleLinear } from "d3-scale";
import type { JSX } from "preact";

import { WORDS } from "../words.js";
import { placeText } from "../highlights.js";
import type { Compared } from "./discord.js";

const WIDTH = 460;
const LEFT = 58;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 250;
/** Below the axis: sites without a ratio, because one model does not encode the variable. */
const LANE = 276;
const HEIGHT = 330;
const SIZE = 17;

type Scale = ScaleLinear<number, number>;

interface Placed {
  readonly of: Compared;
  readonly cka: number;
  readonly ratio: number | undefined;
}

/** Draws each site as its letter. */
export function DiscordChart(props: {
  readonly of: readonly Compared[];
  readonly ratio: number;
}): JSX.Element {
  const placed = props.of.flatMap(place);
  const low = Math.min(0.9, ...placed.map(({ cka }) => Math.floor(cka * 10 - 0.5) / 10));
  const ratios = placed.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
  const x = scaleLinear([low, 1], [LEFT, WIDTH - RIGHT - SIZE / 2]);
  const y = scaleLinear([Math.min(0, ...ratios), Math.max(1.1, ...ratios)], [BOTTOM, TOP]);
  return (
    <figure style="max-width:34rem">
      <figcaption>
        Alike and exchanged?{" "}
        <span>
          each letter is a site; dashes: what the policy asks for; below the axis: no ratio, because
          one model does not encode the variable
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby="discord-t discord-d">
        <title id="discord-t">Sites by debiased CKA and by their worst cross ratio</title>
        <desc id="discord-d">{describe(placed)}</desc>
        <Axes x={x} y={y} n={placed.length} />
        <path
          class="axis"
          stroke-dasharray="6 4"
          d={`M${LEFT} ${round(y(props.ratio))}H${WIDTH - RIGHT}`}
        />
        {placed.map((one) => (
          <Point of={one} x={x(one.cka)} y={one.ratio === undefined ? LANE : y(one.ratio)} />
        ))}
      </svg>
    </figure>
  );
}

function place(of: Compared): readonly Placed[] {
  const cka = of.similarity.linearCkaDebiased.value;
  if (cka === undefined) return [];
  return [{ of, cka, ratio: of.worst?.kind === "value" ? of.worst.value : undefined }];
}

function describe(placed: readonly Placed[]): string {
  const told = placed.map(({ of: { variable, site }, cka, ratio }) => {
    const across = ratio === undefined ? "no ratio" : `ratio ${ratio.toFixed(2)}`;
    return `${variable}, ${placeText(site)}: ${WORDS[site.verdict].title}, CKA ${cka.toFixed(2)}, ${across}`;
  });
  return `${told.join("; ")}.`;
}

function Axes({ x, y, n }: { readonly x: Scale; readonly y: Scale; n: number }): JSX.Element {
  return (
    <g>
      {y.ticks(5).map((tick) => (
        <g>
          <path class="grid" d={`M${LEFT} ${round(y(tick))}H${WIDTH - RIGHT}`} />
          <text x={LEFT - 6} y={round(y(tick) + 4)} text-anchor="end">
            {tick.toFixed(1)}
          </text>
        </g>
      ))}
      <path
        class="axis"
        d={`M${LEFT} ${BOTTOM}H${WIDTH - RIGHT}M${LEFT} ${LANE + 14}H${WIDTH - RIGHT}`}
      />
      <text x={LEFT - 6} y={LANE + 4} text-anchor="end">
        no ratio
      </text>
      {x.ticks(5).map((tick) => (
        <text x={round(x(tick))} y={LANE + 30} text-anchor="middle">
          {x.tickFormat(5)(tick)}
        </text>
      ))}
      <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} text-anchor="middle">
        {`linear CKA, debiased (1 = alike); ${n} sites`}
      </text>
      <text transform={`translate(11 ${(TOP + BOTTOM) / 2}) rotate(-90)`} text-anchor="middle">
        worst cross ratio (share of own effect)
      </text>
    </g>
  );
}

function Point(props: {
  readonly of: Placed;
  readonly x: number;
  readonly y: number;
}): JSX.Element {
  const { site } = props.of.of;
  return (
    <g
      class={`site is-${site.verdict}`}
      transform={`translate(${round(props.x - SIZE / 2)} ${round(props.y - SIZE / 2)})`}
    >
      <rect width={SIZE} height={SIZE} rx="4" />
      <text x={SIZE / 2} y={SIZE - 4.5} text-anchor="middle" style="font-size:11.5px">
        {WORDS[site.verdict].letter}
      </text>
    </g>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
