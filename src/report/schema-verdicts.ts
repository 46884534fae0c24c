/**
 * @file The judged half of `result.json`: what `verdict/` says, field by field as in `verdict/verdicts.ts`.
 */
import { z } from "zod";

import { LABEL_MEANINGS, VERDICT_WORDS } from "../verdict/verdicts.js";
import { geometry } from "./schema-measures.js";
import { byDirection, bySide, share, text, textList, wholeNumber } from "./schema-parts.js";

const SITE_WORDS = VERDICT_WORDS.filter((word) => word !== "moved");
const LABELS = Object.keys(LABEL_MEANINGS).filter(
  (label): label is Exclude<keyof typeof LABEL_MEANINGS, "scale"> => label !== "scale",
);

const value = z.strictObject({
  kind: z.literal("value"),
  value: z.number(),
  unit: z.enum(["share", "ratio", "difference"]),
  n: wholeNumber,
  interval: z.tuple([z.number(), z.number()]),
  method: text,
});
/** A figure, or why there is none. */
export const measure = z.discriminatedUnion("kind", [
  value,
  z.strictObject({ kind: z.literal("undefined"), reason: text }),
]);
const measures = byDirection(measure);

const label = z.union([z.enum(LABELS), z.templateLiteral(["scale ×", z.string()])]);
const gate = z.enum(["yes", "no", "?"]);

const controls = z.strictObject({
  fullSwap: measures,
  noIntervention: bySide(measure),
  permuted: measures,
  randomSubspace: measures,
  closedForm: measures,
  frozenBasis: measures,
  alone: z.exactOptional(measures),
});

const tests = byDirection(
  z.strictObject({
    onlyCross: wholeNumber,
    onlyWithin: wholeNumber,
    p: share,
    difference: z.strictObject({
      measure,
      margin: share,
      equivalenceP: z.exactOptional(share),
    }),
    clusteredRatio: measure,
  }),
);

const further = z.strictObject({
  behaviourOnly: z.exactOptional(measures),
  shuffledLabels: z.exactOptional(measures),
  untrainedSource: z.exactOptional(bySide(z.exactOptional(measure))),
  isolation: z.exactOptional(
    z.strictObject({ n: wholeNumber, kept: measures, noIntervention: bySide(measure) }),
  ),
  bothRight: z.exactOptional(z.strictObject({ n: wholeNumber, iia: measures })),
  sizeCurve: z.strictObject({
    n: wholeNumber,
    points: z.array(z.strictObject({ k: wholeNumber, iia: measures })),
    smallest: byDirection(wholeNumber),
  }),
  geometry: z.strictObject({ ...geometry.shape, codeScale: z.exactOptional(z.number()) }),
  spread: z.exactOptional(
    z.strictObject({
      learnings: wholeNumber,
      iia: byDirection(z.tuple([z.number(), z.number()])),
    }),
  ),
});

const site = z.strictObject({
  layer: wholeNumber,
  role: text,
  k: wholeNumber,
  seed: wholeNumber,
  verdict: z.enum(SITE_WORDS),
  labels: z.array(label),
  reasons: textList,
  warnings: textList,
  n: wholeNumber,
  nToDecide: z.exactOptional(wholeNumber),
  gates: bySide(
    z.strictObject({
      fullSwap: gate,
      subspace: z.exactOptional(gate),
      isAlone: z.exactOptional(z.literal(true)),
      encodes: gate,
    }),
  ),
  iia: measures,
  null: measures,
  ratio: measures,
  adjustedP: byDirection(share),
  controls,
  further: z.exactOptional(further),
  tests,
  ownTable: z.exactOptional(
    z.strictObject({ n: wholeNumber, iia: measures, null: measures, controls }),
  ),
});

const excuse = z.strictObject({
  kind: z.enum(["allowed", "waived", "expired"]),
  reason: text,
  expires: z.exactOptional(z.iso.date()),
  isWhole: z.boolean(),
  sites: z.array(
    z.strictObject({ layer: wholeNumber, role: text, k: wholeNumber, seed: wholeNumber }),
  ),
});

/** One variable of one audit, with its sites. */
export const variableSchema = z.strictObject({
  audit: text,
  variable: text,
  verdict: z.enum(VERDICT_WORDS),
  labels: z.array(label),
  reasons: textList,
  accuracy: bySide(measure),
  excuses: z.exactOptional(z.array(excuse)),
  isExcused: z.exactOptional(z.literal(true)),
  sites: z.array(site),
});

/** How many claims of failure a run tested, and how they were corrected. */
export const multiplicitySchema = z.strictObject({
  method: z.enum(["holm", "benjamini-hochberg", "none"]),
  claims: wholeNumber,
});
