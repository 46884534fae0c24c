/** @file The units of pairs of layers in a comparison ("Convergent Learning"). */
import { z } from "zod";
import { text, wholeNumber } from "./schema-parts.js";

/** Units compared, of those that there are. */
const count = z.strictObject({ used: wholeNumber, of: wholeNumber });

const figure = z.strictObject({
  /** For the head of a column. */
  name: text,
  /** The exact variant, spelt out. */
  measure: text,
  /** `null` where undefined: `reason` says why. */
  value: z.number().nullable(),
  reason: text.nullable(),
  /** `null` within one model, and where it is undefined. */
  chance: z.number().nullable(),
  n: wholeNumber,
  /** Prompts that something was fitted to before; `null` where nothing is. */
  nFit: wholeNumber.nullable(),
});

/** Schema of {@link UnitsPart}. */
export const unitsSchema = z.strictObject({
  /** What the chance of a figure is. */
  chance: text,
  /** Which pairs of layers. */
  of: text,
  pairs: z.array(
    z.strictObject({
      base: wholeNumber,
      tuned: wholeNumber,
      units: z.strictObject({ base: count, tuned: count }),
      /** Why there are no figures. */
      reason: text.nullable(),
      figures: z.array(figure),
    }),
  ),
});

/** The units of pairs of layers. */
export type UnitsPart = z.infer<typeof unitsSchema>;
