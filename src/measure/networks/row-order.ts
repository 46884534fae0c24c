/** @file Runs of unlike length in one batch: the longest first, so that those still going are always the first ones. */
import type { Episode } from "./episode.js";

/** Indices of `episodes`, by falling number of steps; equal ones keep their order. */
export function longestFirst(episodes: readonly Pick<Episode, "labels">[]): number[] {
  const steps = episodes.map(({ labels }) => labels.length);
  return [...episodes.keys()].sort((a, b) => (steps[b] ?? 0) - (steps[a] ?? 0));
}
