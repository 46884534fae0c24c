/**
 * @file The measured half of `result.json`: what was counted, field by field as in `measure/measures.ts`.
 * It is kept whole so that a stored result can be judged again without a model.
 */
import { z } from "zod";

import { DIRECTIONS, SIDES, type DivergenceControl } from "../measure/measures.js";
import { byDirection, bySide, sha256, share, text, wholeNumber } from "./schema-parts.js";

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
  alone: z.exactOptional(bySide(z.exactOptional(z.strictObject({ iia: hits, permuted: hits })))),
});

/** Schema of a {@link Distance}. */
export const distance = z.strictObject({
  ratio: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  n: wholeNumber,
});

const learned = {
  steps: wholeNumber,
  bestStep: wholeNumber,
  validationLossNats: z.array(z.number()),
  size: z.exactOptional(wholeNumber),
};
const learningPart = z.strictObject({ directions: z.array(z.enum(DIRECTIONS)), ...learned });

const learning = z.strictObject({
  trained: z.array(z.enum(SIDES)),
  ...learned,
  others: z.exactOptional(z.array(learningPart)),
  naturalness: byDirection(distance),
  sigma: bySide(z.number()),
  tensors: z.exactOptional(text),
});

const mapsMade = z.strictObject({
  method: z.string(),
  map: z.string(),
  closed: z.exactOptional(z.enum(SIDES)),
  learnsSize: z.exactOptional(z.literal(true)),
  dropsRest: z.exactOptional(z.literal(true)),
  joint: z.exactOptional(z.array(text)),
  cross: z.array(z.enum(DIRECTIONS)),
});

const controlLearning = z.strictObject({
  iia: directedHits,
  steps: wholeNumber,
  bestStep: wholeNumber,
  naturalness: byDirection(distance),
});
const untrainedSource = z.strictObject({ iia: hits, steps: wholeNumber, bestStep: wholeNumber });
const isolation = z.strictObject({
  target: indices,
  source: indices,
  noIntervention: bySide(hits),
  swapped: directedHits,
});
const sizeCurve = z.strictObject({
  n: wholeNumber,
  points: z.array(z.strictObject({ k: wholeNumber, iia: directedHits })),
});
/** Where learned subspaces lie. */
export const geometry = z.strictObject({
  principalAngles: z.exactOptional(z.array(z.number())),
  dormantShare: bySide(z.exactOptional(z.number())),
  codeSize: bySide(z.exactOptional(z.number())),
});
const nullBlock = z.strictObject({ noIntervention: bySide(hits), swapped: directedHits });
const further = z.strictObject({
  bothRight: hits,
  geometry,
  sizeCurve,
  isolation: z.exactOptional(isolation),
  nullBlock: z.exactOptional(nullBlock),
  behaviourOnly: z.exactOptional(controlLearning),
  shuffledLabels: z.exactOptional(controlLearning),
  untrainedSource: z.exactOptional(bySide(z.exactOptional(untrainedSource))),
  repeats: z.array(controlLearning),
});

const figure = z.strictObject({
  value: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  n: wholeNumber,
});
const figures = z.strictObject({
  fullSwap: byDirection(figure),
  iia: byDirection(figure),
  permuted: byDirection(figure),
  randomSubspace: byDirection(figure),
  closedForm: byDirection(figure),
  frozenBasis: byDirection(figure),
} satisfies Readonly<Record<DivergenceControl, z.ZodType>>);
const divergence = z.strictObject({
  floorNats: bySide(figure),
  nats: figures,
  removedShare: figures,
});

const failedTrial = z.strictObject({
  trial: wholeNumber,
  answer: z.string(),
  expected: z.string(),
});

const similarityFigure = z.strictObject({
  measure: text,
  n: wholeNumber,
  value: z.exactOptional(z.number()),
  undefinedBecause: z.exactOptional(text),
});
const similarity = z.strictObject({
  linearCkaDebiased: similarityFigure,
  rsa: similarityFigure,
  procrustes: similarityFigure.extend({ nFit: wholeNumber }),
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
  maps: z.exactOptional(mapsMade),
  trials: z.array(trials),
  learning: z.exactOptional(learning),
  further: z.exactOptional(further),
  ownLearning: z.exactOptional(learning),
  ownTable: z.exactOptional(z.record(z.string(), z.string())),
  divergence: z.exactOptional(divergence),
  examples: z.exactOptional(byDirection(z.array(failedTrial))),
  similarity: z.exactOptional(similarity),
});

const prompt = z.union([z.strictObject({ text: z.string() }), z.strictObject({ sha256 })]);
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
  prompts: z.exactOptional(z.record(z.string().regex(/^\d+$/, "expected an item"), prompt)),
});
