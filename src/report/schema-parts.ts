/**
 * @file The smallest pieces that the halves of the result schema share.
 */
import { z } from "zod";

/** A count. */
export const wholeNumber = z.int().nonnegative();
/** 0 to 1. */
export const share = z.number().min(0).max(1);
/** A sentence or a name; never empty. */
export const text = z.string().min(1);
/** Sentences. */
export const textList = z.array(text);
/** SHA-256 in lower-case hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

/** One entry per model. */
export function bySide<T extends z.ZodType>(entry: T): z.ZodObject<{ base: T; tuned: T }> {
  return z.strictObject({ base: entry, tuned: entry });
}

type Directed<T extends z.ZodType> = z.ZodObject<{
  "base→base": z.ZodExactOptional<T>;
  "base→tuned": z.ZodExactOptional<T>;
  "tuned→base": z.ZodExactOptional<T>;
  "tuned→tuned": z.ZodExactOptional<T>;
}>;

/** One entry per direction that was run. */
export function byDirection<T extends z.ZodType>(entry: T): Directed<T> {
  return z.strictObject({
    "base→base": z.exactOptional(entry),
    "base→tuned": z.exactOptional(entry),
    "tuned→base": z.exactOptional(entry),
    "tuned→tuned": z.exactOptional(entry),
  });
}
