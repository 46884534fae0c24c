/**
 * @file The shape of a user's audit file (`mas-audit/audit@1`). Every message says what was expected, so that
 * `audit-file.ts` can print "expected …, found …". What one part promises about another is in `audit-checks.ts`.
 */
import { z } from "zod";

/** Value of the key `schema`. */
export const AUDIT_SCHEMA_ID = "mas-audit/audit@1";

/** Values of one variable; each needs items of its own in every split. */
const MOST_VALUES = 1000;

const text = z.string({ error: "a text" });
const words = text.min(1, { error: "a text that is not empty" });
const index = z
  .int({ error: "a whole number from 0 on" })
  .min(0, { error: "a whole number from 0 on" });
const scalar = z.union([words, z.int()], { error: "a text or a whole number" });
const ids = z
  .array(index, { error: "a list of token ids" })
  .min(1, { error: "at least one token id" });

const message = z.strictObject(
  {
    role: z.enum(["system", "user", "assistant"], { error: '"system", "user" or "assistant"' }),
    content: text,
  },
  { error: "an object with role and content" },
);

const MESSAGES =
  "A chat in the model's own template. The last message is the user's, or one of the assistant that begins its " +
  "answer: the model goes on right after its text, and the template adds nothing between the header of the turn and " +
  'that text, such as "<think>". An empty text says that the answer begins at once. Models that think first are asked ' +
  'past their thought with the text "<think>\n\n</think>\n\n".';

/** Variable name → values. */
export const variablesSchema = z.record(
  words,
  z
    .array(scalar, { error: "a list of values" })
    .min(2, { error: "at least two values" })
    .max(MOST_VALUES, { error: `at most ${MOST_VALUES} values` }),
  { error: "an object: variable name to its values" },
);

/** Answer class → surface forms, or token id sequences. */
export const answersSchema = z.record(
  words,
  z
    .array(z.union([words, ids], { error: "a text or a list of token ids" }), {
      error: "a list of answer forms",
    })
    .min(1, { error: "at least one answer form" }),
  { error: "an object: answer class to its forms" },
);

/** The causal model as a table. */
export const outcomeSchema = z.strictObject(
  {
    by: z
      .array(words, { error: "a list of variable names" })
      .min(1, { error: "at least one variable name" }),
    table: z.record(text, words, { error: 'an object: values joined by "|" to an answer class' }),
  },
  { error: "an object with by and table" },
);

/** One prompt with its values. */
export const itemSchema = z.strictObject(
  {
    prompt: words.optional(),
    messages: z
      .array(message, { error: "a list of messages" })
      .min(1, { error: "at least one message" })
      .describe(MESSAGES)
      .optional(),
    ids: ids.optional(),
    values: z.record(text, scalar, { error: "an object: variable name to the item's value" }),
    spans: z
      .record(words, z.tuple([index, index], { error: "[start, end]" }), {
        error: "an object: span name to [start, end]",
      })
      .optional(),
    group: words.optional(),
  },
  { error: "an object with values and one of prompt, messages and ids" },
);

/** The whole file. */
export const auditFileSchema = z.strictObject(
  {
    schema: z.literal(AUDIT_SCHEMA_ID, { error: `"${AUDIT_SCHEMA_ID}"` }),
    id: text.regex(/^[a-z0-9][a-z0-9._-]*$/i, {
      error: "a name of letters, digits, dots, hyphens and underscores",
    }),
    title: words,
    question: words.optional(),
    why: text.optional(),
    references: z.array(words, { error: "a list of texts" }).optional(),
    variables: variablesSchema,
    answers: answersSchema,
    outcome: outcomeSchema,
    items: z.array(itemSchema, { error: "a list of items" }).min(1, { error: "at least one item" }),
  },
  { error: "an object" },
);

/** An audit file of the right shape. */
export type AuditFile = z.infer<typeof auditFileSchema>;

/** Keys that an object at a place of the file may hold, by the form of its path (`*` = any key or index). */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(auditFileSchema.shape),
  outcome: Object.keys(outcomeSchema.shape),
  "items.*": Object.keys(itemSchema.shape),
  "items.*.messages.*": Object.keys(message.shape),
};

/** JSON Schema (draft 2020-12) of an audit file, for editors. */
export function auditJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: "mas-audit audit file", ...z.toJSONSchema(auditFileSchema, { io: "input" }) };
}
