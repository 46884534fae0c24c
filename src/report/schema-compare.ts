/** @file The format of `mas-audit compare --json`. */
import { z } from "zod";
import { COMPARE_MEASURES } from "../similarity/layer-measures.js";
import { share, text, textList, wholeNumber } from "./schema-parts.js";
import { subNetworksSchema } from "./schema-sub-networks.js";
import { unitsSchema } from "./schema-units.js";

/** Name and version of the format. */
export const COMPARE_SCHEMA = "mas-audit/compare@1";

/** A figure, or `null` where it is undefined: states that do not vary, too few items. */
const value = z.number().nullable();

const layerFigure = z.strictObject({
  /** The exact variant, spelt out. */
  measure: text,
  value,
  n: wholeNumber,
  /** Items that a map was fitted to. */
  nFit: z.exactOptional(wholeNumber),
  /** What unrelated states would give, where that is not 0. */
  chance: z.exactOptional(share),
});

const layerTable = z.strictObject({
  measure: text,
  n: wholeNumber,
  /** `[base layer][tuned layer]`, in the order of `layers`. */
  values: z.array(z.array(value)),
});

/** Schema of a {@link Comparison}. */
export const compareSchema = z.strictObject({
  schema: z.literal(COMPARE_SCHEMA),
  models: z.strictObject({ base: text, tuned: text }),
  prompts: z.strictObject({
    source: text,
    n: wholeNumber,
    /** `last` token, `mean` over the tokens after the first, or the last token of a span of the audits. */
    at: text,
  }),
  seed: wholeNumber,
  /** What was asked for; absent = all. What was not asked for stands nowhere. */
  measures: z.exactOptional(z.array(z.enum(COMPARE_MEASURES)).min(1)),
  layers: z.strictObject({ base: z.array(wholeNumber), tuned: z.array(wholeNumber) }),
  /** CKA, then RSA, as far as asked for. */
  tables: z.array(layerTable),
  /** Layers of the same number in both models; none where the models differ in depth. */
  matching: z.array(z.strictObject({ layer: wholeNumber, figures: z.array(layerFigure) })),
  subNetworks: z.exactOptional(subNetworksSchema),
  /** Only with `--units`. */
  units: z.exactOptional(unitsSchema),
  warnings: textList,
});

/** Correlative measures between all layers of two models. */
export type Comparison = z.infer<typeof compareSchema>;

/** JSON Schema of a {@link Comparison}. */
export function compareJsonSchema(): unknown {
  return z.toJSONSchema(compareSchema);
}
