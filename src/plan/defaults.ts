/**
 * @file Defaults of an audit's options, apart from their schema: the help prints these, and must not wait for zod.
 */

/** Execution devices that can be asked for by name; `cuda:N` is the N-th NVIDIA GPU, counted from 0. */
export const DEVICES = ["auto", "cpu", "cuda", "webgpu"] as const;
/** Execution device that was asked for. */
export type Device = (typeof DEVICES)[number] | `cuda:${number}`;

/** The device that a text names. */
export function parseDevice(text: string): Device | undefined {
  const named = DEVICES.find((name) => name === text);
  const id = /^cuda:(0|[1-9]\d{0,2})$/.exec(text)?.[1];
  return named ?? (id === undefined ? undefined : `cuda:${Number(id)}`);
}

/** Which controls are learned beside the main maps: all of them, or only the nulls that a verdict needs. */
export const CONTROLS = ["full", "core"] as const;

/** Where the slopes of learning come from: our own derivation, or TensorFlow.js, which is installed beside. */
export const LEARNERS = ["mas", "tfjs"] as const;

/** How maps are learned: which directions, and what becomes of the rest of the target's coordinates. */
export const METHOD_NAMES = ["mas", "das", "unimas", "stitching", "latent-stitching"] as const;

/** Forms of the maps, from strict to free. */
export const MAP_NAMES = [
  "orthogonal",
  "scaled",
  "relaxed",
  "invertible",
  "linear",
  "coupling",
] as const;

/** Views of a result that are written beside it where they are asked for. */
export const ALSO_VIEWS = ["markdown", "junit", "sarif"] as const;

/** Defaults of every option that can change a number; the help text and the manifest print these. */
export const DEFAULTS = {
  layers: "spread:8",
  k: "auto",
  items: 400,
  pairs: 300,
  steps: 60,
  controls: "full",
  learner: "mas",
  method: "mas",
  map: "orthogonal",
  seed: 0,
  seeds: 1,
  batch: 64,
  threads: "auto",
  device: "auto",
} as const;
