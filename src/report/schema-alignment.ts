/** @file The format of `mas-audit align --json`. */
import { z } from "zod";
import { distance } from "./schema-measures.js";
import { byDirection, share, text, textList, wholeNumber } from "./schema-parts.js";
import { measure } from "./schema-verdicts.js";

/** Name and version of the format. */
export const ALIGNMENT_SCHEMA = "mas-audit/alignment@1";

const count = z.strictObject({ hits: wholeNumber, n: wholeNumber });

const networkSchema = z.strictObject({
  name: text,
  task: text,
  /** Width of a state. */
  d: wholeNumber,
  /** Runs answered rightly from beginning to end, before any exchange. */
  natural: count,
});

const directionSchema = z.strictObject({
  source: text,
  target: text,
  /** Name of the exchanged variable; `rest`: everything outside all blocks. */
  exchanges: text,
  /** Whether the maps were learned from this direction; otherwise the two never met. */
  learned: z.boolean(),
  /** Interchange accuracy by trial. */
  iia: measure,
  /** Mean share of scored tokens that are right; has a high floor. */
  tokenShare: share,
  /**
   * Median distance (Mahalanobis, all coordinates together) of patched states from the mean of the target's natural states
   * with the same variables, over the same median of natural states: 1 = natural.
   */
  divergence: z.exactOptional(distance),
  noIntervention: measure,
  permuted: measure,
  randomSubspace: measure,
  closedForm: measure,
  fullSwap: z.exactOptional(measure),
});

const pairSchema = z.strictObject({
  base: text,
  tuned: text,
  exchanges: text,
  verdict: text,
  reasons: textList,
  n: wholeNumber,
  ratio: byDirection(measure),
});

/** How alike the natural states of two networks are; says nothing about causes. */
const similaritySchema = z.strictObject({
  base: text,
  tuned: text,
  /** The exact variant. */
  measure: text,
  /** `null` where it is undefined. */
  value: z.number().nullable(),
  n: wholeNumber,
});

/** One learning with its own random numbers. */
const runSchema = z.strictObject({
  seed: wholeNumber,
  /** Coordinates per block: as asked, or as learned. */
  sizes: z.array(wholeNumber),
  steps: wholeNumber,
  bestStep: wholeNumber,
  validationLossNats: z.array(z.number()),
  networks: z.array(networkSchema),
  directions: z.array(directionSchema),
  similarities: z.array(similaritySchema),
  /** Empty where a method does not learn all directions. */
  pairs: z.array(pairSchema),
});

/** Schema of an {@link Alignment}. */
export const alignmentSchema = z.strictObject({
  schema: z.literal(ALIGNMENT_SCHEMA),
  method: text,
  map: text,
  blocks: z.array(z.strictObject({ name: text, variables: textList, k: wholeNumber })),
  closed: textList,
  reference: z.exactOptional(text),
  /** States at all positions up to the place were exchanged, each with the one at its position. */
  stepwise: z.exactOptional(z.literal(true)),
  runs: z.array(runSchema),
});

/** Small networks aligned. */
export type Alignment = z.infer<typeof alignmentSchema>;
/** One learning of an {@link Alignment}. */
export type AlignmentRun = z.infer<typeof runSchema>;
/** One ordered pair of networks of an {@link AlignmentRun}. */
export type AlignmentDirection = z.infer<typeof directionSchema>;

/** JSON Schema of an {@link Alignment}. */
export function alignmentJsonSchema(): unknown {
  return z.toJSONSchema(alignmentSchema);
}
