/**
 * @file Defaults of an audit's options, apart from their schema: the help prints these, and must not wait for zod.
 */

/** Execution devices that can be asked for. */
export const DEVICES = ["auto", "cpu", "cuda"] as const;
/** Execution device that was asked for. */
export type Device = (typeof DEVICES)[number];

/** Defaults of every option that can change a number; the help text and the manifest print these. */
export const DEFAULTS = {
  layers: "spread:8",
  k: "auto",
  items: 400,
  pairs: 300,
  steps: 60,
  seed: 0,
  batch: 64,
  threads: "auto",
  device: "auto",
} as const;
