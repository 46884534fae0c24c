/**
 * @file The name of a result by its content: everything that two identical runs have in common.
 */
import { digestJson, type Sha256 } from "../store/digest.js";
import type { Result } from "./schema.js";

/** SHA-256 of a result in canonical JSON without `manifest.timing`. */
export function digestRepeatable(result: Result): Sha256 {
  // a key that is undefined is none in canonical JSON
  return digestJson({ ...result, manifest: { ...result.manifest, timing: undefined } });
}
