/**
 * @file The measured half of `result.json`: what was counted, field by field as in `measure/measures.ts`.
 * It is kept whole so that a stored result can be judged again without a model.
 */
import { z } from "zod";

import { SIDES } from "../measure/measures.js";
import { byDirection, bySide, share, text, wholeNumber } from "./schema-parts.js";

const hits = z.string().regex(/^[01]*$/, "expected one 0 or 1 per trial");
const directedHits = byDirection(hits);
const indices = z.array(wholeNumber);

const trials = z.strictObject({
  table: z.enum(["causal", "own"]),
  target: indices,
  source: indices,
  fullSwap: directedHits,
  noIntervention: bySide(hits),
  iia: directedHits,
  permuted: directedHits,
  randomSubspace: directedHits,
  closedForm: directedHits,
  frozenBasis: directedHits,
});

const learning = z.strictObject({
  trained: z.array(z.enum(SIDES)),
  steps: wholeNumber,
  bestStep: wholeNumber,
  validationLossNats: z.array(z.number()),
  naturalness: byDirection(z.number()),
  sigma: bySide(z.number()),
  tensors: z.exactOptional(text),
});

/** Everything counted in one cell. */
export const cellSchema = z.strictObject({
  cell: z.strictObject({
    audit: text,
    variable: text,
    layer: wholeNumber,
    role: text,
    k: wholeNumber,
    seed: wholeNumber,
  }),
  dModel: bySide(wholeNumber),
  trials: z.array(trials),
  learning: z.exactOptional(learning),
  ownTable: z.exactOptional(z.record(z.string(), z.string())),
});

const count = z.strictObject({ hits: wholeNumber, n: wholeNumber });

/** What was counted for one variable before any intervention. */
export const auditSchema = z.strictObject({
  audit: text,
  title: text,
  question: text,
  variable: text,
  classes: z.array(z.string()),
  items: z.strictObject({
    generated: wholeNumber,
    tooLong: wholeNumber,
    baseRight: wholeNumber,
    tunedRight: wholeNumber,
    bothRight: wholeNumber,
    train: wholeNumber,
    validation: wholeNumber,
    test: wholeNumber,
    heldOut: z.enum(["group", "item"]),
  }),
  natural: bySide(z.strictObject({ accuracy: count, answerMass: share })),
  notMeasurable: z.exactOptional(text),
});
