/** @file The working files of a run, in bytes, against the space that is free where they go. */
import { statfsSync } from "node:fs";
import { HostError } from "../errors.js";
import { SIDES, type Side } from "../measure/measures.js";
import { buildCapture, cacheShapes } from "../models/capture-graph.js";
import { distinctPrompts } from "../capture/distinct-prompts.js";
import type { LocatedModel } from "../models/located.js";
import { formatBytes } from "../plan/memory.js";
import type { ReadyAudits } from "./prepare-audits.js";

const FLOAT_BYTES = 4;

/** What the working files depend on. */
export interface DiskRequest {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly ready: ReadyAudits;
  readonly layers: readonly number[];
  /** Whether keys and values are kept. */
  readonly windows: Readonly<Record<Side, boolean>>;
}

/** Bytes of the working files of both models; gone when the run ends. */
export function workingBytes({ models, ready, layers, windows }: DiskRequest): number {
  return SIDES.map((side) =>
    modelBytes(models[side], { ready, layers, keys: windows[side] }),
  ).reduce((a, b) => a + b, 0);
}

/** Working files of one model: states at every layer, and the keys and values above the lowest. */
function modelBytes(
  located: LocatedModel,
  { ready, layers, keys }: { ready: ReadyAudits; layers: readonly number[]; keys: boolean },
): number {
  const prompts = distinctPrompts(ready.audits.map(({ prepared }) => prepared)).ids;
  const texts = ready.texts.flatMap(({ prepared }) => prepared.items.map(({ ids }) => ids));
  const count = (all: readonly (readonly number[])[]): number =>
    all.reduce((sum, { length }) => sum + length, 0);
  const shapes = keys
    ? cacheShapes(buildCapture(located, { layers: [Math.min(...layers)], caches: true }))
    : [];
  const perToken = shapes
    .map(({ sizes }) => sizes.reduce((all, size) => all * (size || 1), 1))
    .reduce((a, b) => a + b, 0);
  const states = (count(prompts) + count(texts)) * layers.length * located.dModel;
  return FLOAT_BYTES * (states + count(prompts) * perToken + texts.length * located.vocab);
}

/**
 * Refuses before anything heavy starts what would fill the disk after an hour.
 *
 * @throws {@link HostError} `DISK_FULL` naming the folder, what is needed and what is free.
 */
export function checkDisk(folder: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (neededBytes <= free) return;
  throw new HostError("the disk has too little room for the working files of this run", {
    code: "DISK_FULL",
    where: folder,
    expected: `${formatBytes(neededBytes)} free`,
    found: `${formatBytes(free)} free`,
    hint: "free some space (the same command continues), name a folder on another disk with --out, or take fewer --items or --layers",
  });
}
