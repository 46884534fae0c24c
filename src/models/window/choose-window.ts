/**
 * @file Whether the suffixes of a model can be windowed: its graph is built that way once, without a session.
 */
import type { LocatedModel } from "../located.js";
import { buildSuffix } from "../suffix.js";
import { buildCapture, cacheShapes } from "../capture-graph.js";
import { NotWindowable } from "./axes.js";
import { countCaches } from "./window.js";

/** Why the suffixes from `lowest` upwards cannot run on the tokens that change alone; `undefined` when they can. */
export function obstacleToWindow(located: LocatedModel, lowest: number): string | undefined {
  try {
    const suffix = buildSuffix(located, lowest, { gradient: false, tokens: "window" });
    const needed = countCaches(new Set(suffix.graph.inputs.map(({ name }) => name)));
    const given = cacheShapes(buildCapture(located, { layers: [lowest], caches: true })).length;
    return needed === given
      ? undefined
      : `${needed} keys and values are needed, ${given} are found`;
  } catch (error) {
    if (error instanceof NotWindowable) return error.message;
    throw error;
  }
}
