/** @file Learned maps as named arrays: with σ (in the measures), all that repeating an interchange needs. */
import { subspaceOf, type AlignmentMap } from "../align/maps/alignment-map.js";
import { DIRECTIONS, SIDES, type Side, type Trials } from "./measures.js";
import { ENDS, ownMaps, type MapsByDirection } from "./interventions.js";
import type { Site } from "./site.js";

/** An array with its dimensions, to be written as safetensors. */
export interface CellTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/**
 * `causal.base.subspace` `[k, dModel]` and `causal.base.mean` `[dModel]`, for each trained model. A map that is no plain
 * rotation stands under the names of its parameters, `causal.base.map.encoder`, with `causal.base.map.mask` `[k]` where not
 * all coordinates are exchanged (learned sizes, blocks); maps of a direction of their own under its name, `causal.base-tuned.base.map.p`.
 */
export function mapTensors(
  table: Trials["table"],
  maps: MapsByDirection,
  site: Site,
): [string, CellTensor][] {
  const own = ownMaps(maps);
  const sides = SIDES.filter((side) =>
    DIRECTIONS.some((d) => maps[d] && [ENDS[d].source, ENDS[d].target].includes(side)),
  );
  const perSide = sides.flatMap((side): [string, CellTensor][] => {
    const map = own[side];
    const { mean } = site.states(side).normalisation;
    return [
      ...(map === undefined ? [] : namedTensors(`${table}.${side}`, map)),
      [`${table}.${side}.mean`, { dims: [mean.length], data: Float32Array.from(mean) }],
    ];
  });
  const perDirection = DIRECTIONS.flatMap((d) => {
    const found = maps[d];
    const { source, target } = ENDS[d];
    if (found === undefined) return [];
    const ends: readonly (readonly [Side, AlignmentMap])[] = [
      [source, found.from],
      [target, found.into],
    ];
    return ends.flatMap(([side, map]) =>
      map === own[side] ? [] : namedTensors(`${table}.${source}-${target}.${side}`, map),
    );
  });
  return [...perSide, ...perDirection];
}

function namedTensors(name: string, map: AlignmentMap): [string, CellTensor][] {
  const subspace = subspaceOf(map);
  if (subspace !== undefined) return [[`${name}.subspace`, tensorOf(subspace)]];
  const { parameters, mask } = map;
  return [
    ...Object.entries(parameters).map(([key, value]): [string, CellTensor] => [
      `${name}.map.${key}`,
      tensorOf(value),
    ]),
    ...(mask === undefined
      ? []
      : [[`${name}.map.mask`, tensorOf({ rows: 1, cols: mask.length, data: mask })] as const]),
  ].map(([key, tensor]) => [key, tensor]);
}

function tensorOf({
  rows,
  cols,
  data,
}: {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}): CellTensor {
  return { dims: [rows, cols], data: Float32Array.from(data) };
}
