/** @file The sub-networks of a comparison: Gromov–Wasserstein distances between layers, blocks and proposed pairs. */
import { z } from "zod";
import { bySide, text, wholeNumber } from "./schema-parts.js";

/** Least distance found; `null` for layers among `undefined`. */
const distance = z.number().nonnegative().nullable();
const table = z.array(z.array(distance));

/** First and last layer, both included. */
const block = z.strictObject({ first: wholeNumber, last: wholeNumber });

const blocks = z.strictObject({
  /** In order; empty = none, and `reason` says why. */
  found: z.array(block),
  reason: text.nullable(),
  /** Share of random orders of the layers that stand out as much; `null` where none was tried. */
  p: z.number().min(0).max(1).nullable(),
  /** 1 − least cost over the mean of random orders, for as many blocks. */
  tighter: z.number().nullable(),
  /** Mean distance of neighbouring layers across boundaries over that inside blocks. */
  stepRatio: z.number().nonnegative().nullable(),
});

/** Schema of {@link SubNetworksPart}. */
export const subNetworksSchema = z.strictObject({
  /** The exact variant, spelt out. */
  measure: text,
  n: wholeNumber,
  /** `[base layer][tuned layer]`, in the order of `layers`. */
  between: table,
  /** The same with each prompt on itself: never less. */
  paired: table,
  /** `[layer][layer]` of one model. */
  within: bySide(table),
  blocks: z.strictObject({ criterion: text, base: blocks, tuned: blocks }),
  pairs: z.strictObject({
    criterion: text,
    proposed: z.array(
      z.strictObject({
        /** Block of the base that the pair stands for; `null` without blocks. */
        block: block.nullable(),
        base: wholeNumber,
        tuned: wholeNumber,
        distance: z.number().nonnegative(),
      }),
    ),
    /** For `--layers` of an audit, which examines layers of equal number; `null` for another reason. */
    layers: text.nullable(),
    reason: text.nullable(),
  }),
  /** Layers without distances, and why. */
  undefined: z.array(
    z.strictObject({ model: z.enum(["base", "tuned"]), layer: wholeNumber, reason: text }),
  ),
});

/** Gromov–Wasserstein distances between layers, blocks and proposed pairs. */
export type SubNetworksPart = z.infer<typeof subNetworksSchema>;
