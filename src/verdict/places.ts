/**
 * @file Where something holds, in words: layers as ranges over what was examined, by position role.
 */
import type { SiteVerdict } from "./verdicts.js";

/** A site's address without its size and seed. */
export type Place = Pick<SiteVerdict, "layer" | "role">;

function distinctLayers(sites: readonly Place[], role: string): readonly number[] {
  const layers = sites.filter((site) => site.role === role).map(({ layer }) => layer);
  return [...new Set(layers)].sort((a, b) => a - b);
}

/** Joins layers into runs; two belong together when no examined layer lies between them. */
function joinRuns(layers: readonly number[], examined: readonly number[]): readonly string[] {
  const runs: { first: number; last: number }[] = [];
  for (const layer of layers) {
    const run = runs.at(-1);
    const next = run && examined.find((other) => other > run.last);
    if (run !== undefined && next === layer) run.last = layer;
    else runs.push({ first: layer, last: layer });
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}–${last}`));
}

/**
 * Writes places as ranges: `layers 4–12 and 20 (role focus), layer 28 (role last)`.
 *
 * @param examined - all sites of the variable: a range spans only layers that were examined and belong to it.
 */
export function writePlaces(sites: readonly Place[], examined: readonly Place[]): string {
  const roles = [...new Set(sites.map(({ role }) => role))];
  return roles
    .map((role) => {
      const layers = distinctLayers(sites, role);
      const runs = joinRuns(layers, distinctLayers(examined, role));
      return `${layers.length === 1 ? "layer" : "layers"} ${runs.join(", ")} (role ${role})`;
    })
    .join(", ");
}
