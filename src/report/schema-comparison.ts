/**
 * @file The part of `result.json` that compares with the result of an earlier audit, made by `baseline.ts`.
 */
import { z } from "zod";

import { DIRECTIONS } from "../measure/measures.js";
import { VERDICT_WORDS } from "../verdict/verdicts.js";
import { sha256, share, text, wholeNumber } from "./schema-parts.js";
import { measure } from "./schema-verdicts.js";

const rate = z.strictObject({ hits: wholeNumber, n: wholeNumber });

const word = z.enum(VERDICT_WORDS);
/** What became of a variable, a site or a figure; `new` and `gone` stand on one side only. */
const change = z.enum(["worse", "better", "same", "new", "gone"]);

const figure = z.strictObject({
  /** What was counted: IIA of the learned maps, or of the whole state swapped. */
  quantity: z.enum(["IIA", "full swap"]),
  direction: z.enum(DIRECTIONS),
  before: rate,
  after: rate,
  /** After less before. */
  difference: measure,
  /** Paired: the same trials in both results. */
  paired: z.boolean(),
  /** The name of the test of "the rates differ", two-sided. */
  test: z.enum(["McNemar, exact", "Fisher, exact"]),
  p: share,
  /** After Holm's correction over all figures of the comparison. */
  adjustedP: share,
  change: z.enum(["worse", "better", "same"]),
});

const site = z.strictObject({
  layer: wholeNumber,
  role: text,
  k: wholeNumber,
  seed: wholeNumber,
  change,
  before: z.exactOptional(word),
  after: z.exactOptional(word),
  /** The baseline's k, where it is another. */
  kBefore: z.exactOptional(wholeNumber),
  figures: z.array(figure),
});

/** One variable of one audit, before and after. */
const variable = z.strictObject({
  audit: text,
  variable: text,
  change,
  before: z.exactOptional(word),
  after: z.exactOptional(word),
  sites: z.array(site),
});

/** A result against an earlier one. */
export const comparisonSchema = z.strictObject({
  /** What the baseline was: its digest in canonical JSON without `manifest.timing`, and who made it. */
  baseline: z.strictObject({ result: sha256, version: text }),
  /** What a reader has to know before reading the changes. */
  remarks: z.array(z.strictObject({ code: text, message: text })),
  variables: z.array(variable),
});

/** A result against an earlier one. */
export type Comparison = Readonly<z.infer<typeof comparisonSchema>>;
/** One variable of a comparison. */
export type VariableComparison = Comparison["variables"][number];
/** One site of a comparison. */
export type SiteComparison = VariableComparison["sites"][number];
/** One figure of a comparison. */
export type FigureComparison = SiteComparison["figures"][number];
/** What became of something. */
export type Change = z.infer<typeof change>;
