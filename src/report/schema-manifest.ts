/**
 * @file Everything needed to run again and get the same bytes. What may differ between two identical runs on one
 * machine (times, memory, and the paths in the command as typed) stands under `timing` and nowhere else.
 */
import { z } from "zod";

import { sha256, text, textList, wholeNumber } from "./schema-parts.js";

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const milliseconds = z.number().nonnegative();

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
  versions: z.strictObject({ node: text, onnxruntime: text, platform: text }),
  timing: timingSchema,
});
