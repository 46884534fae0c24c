/**
 * @file The prompts of several audits, each once: two audits that ask about the same tokens share one pass of a model.
 */
import { present } from "../errors.js";
import type { PreparedAudit } from "../models/prepared-items.js";

/** Distinct prompts, and which of them each item is. */
export interface DistinctPrompts {
  /** `[prompt][token]` */
  readonly ids: readonly (readonly number[])[];
  /** `[prompt]`, id of the first audit that has it: for messages. */
  readonly audit: readonly string[];
  /** `[audit][item]`: index of its prompt. */
  readonly promptOf: readonly (readonly number[])[];
}

/** Prompts in the order in which they first occur; equal token ids are one prompt. */
export function distinctPrompts(
  audits: readonly Pick<PreparedAudit, "audit" | "items">[],
): DistinctPrompts {
  const known = new Map<string, number>();
  const ids: (readonly number[])[] = [];
  const audit: string[] = [];
  const promptOf = audits.map((each) =>
    each.items.map((item) => {
      const key = item.ids.join();
      const prompt = known.get(key) ?? ids.push(item.ids) - 1;
      if (!known.has(key)) audit.push(each.audit.id);
      known.set(key, prompt);
      return present(prompt, "prompt");
    }),
  );
  return { ids, audit, promptOf };
}
