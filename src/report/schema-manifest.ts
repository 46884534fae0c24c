/**
 * @file Everything needed to run again and get the same bytes. What may differ between two identical runs on one
 * machine (times, memory, and the paths in the command as typed) stands under `timing` and nowhere else.
 */
import { z } from "zod";

import { sha256, text, textList, wholeNumber } from "./schema-parts.js";

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const milliseconds = z.number().nonnegative();

/** When and from where a stored result was judged again. */
const judgedAgainTiming = z.strictObject({
  /** ISO 8601, UTC. */
  startedAt: z.iso.datetime(),
  command: textList,
  /** Where the stored result and the policy file lay, by role. */
  paths: z.record(z.string(), text),
  /** SHA-256 of the file that was read, its own times included. */
  resultFile: sha256,
});

/** Parts of a result that do not repeat exactly. */
export const timingSchema = z.strictObject({
  /** ISO 8601, UTC. */
  startedAt: z.iso.datetime(),
  elapsedMs: milliseconds,
  peakMemoryBytes: z.exactOptional(wholeNumber),
  phases: z.array(z.strictObject({ name: text, elapsedMs: milliseconds })),
  /** The command as typed, without the interpreter. */
  command: textList,
  /** Where each input lay, by its role. */
  paths: z.record(z.string(), text),
  /** What was named, with absolute paths: enough to run again from anywhere. Older results lack it. */
  request: z.exactOptional(
    z.strictObject({
      base: text,
      tuned: text.nullable(),
      tunedAdapter: z.exactOptional(text),
      tokenizer: text.nullable(),
      /** Ids of built-in audits, paths of audit files; empty = every built-in audit. */
      audits: textList,
    }),
  ),
  judgedAgain: z.exactOptional(judgedAgainTiming),
});

/** Stands where the words were given after the run, to its stored measures; all the rest is the run's own. */
const judgedAgain = z.strictObject({
  /** Version of mas-audit that gave the words. */
  version: text,
  /** SHA-256 of the result that was read, in canonical JSON without `manifest.timing`. */
  result: sha256,
  /** SHA-256 of the policy file; absent where the stored policy was kept. */
  policy: z.exactOptional(sha256),
});

/** Everything needed to repeat the run. */
export const manifestSchema = z.strictObject({
  tool: z.strictObject({ name: z.literal("mas-audit"), version: text }),
  /** Files that were read, by role ("base model", "tuned weights" …); each role once. */
  inputs: z.array(z.strictObject({ role: text, sha256, bytes: wholeNumber })),
  tokenizer: z.exactOptional(sha256),
  audits: z.array(z.strictObject({ id: text, sha256 })),
  seed: wholeNumber,
  k: z.union([wholeNumber, z.literal("auto")]),
  layers: z.array(wholeNumber),
  options: z.record(z.string(), z.union([scalar, z.array(scalar)])),
  provider: text,
  versions: z.strictObject({
    node: text,
    onnxruntime: text,
    platform: text,
    /** Version and package of TensorFlow.js, where it took part in the learning. */
    tensorflow: z.exactOptional(text),
  }),
  judgedAgain: z.exactOptional(judgedAgain),
  timing: timingSchema,
});
