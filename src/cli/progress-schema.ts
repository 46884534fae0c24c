/**
 * @file What `--json-progress` writes on stderr: one JSON object per line and nothing else. Names stay; new ones may be
 * added.
 */
import { z } from "zod";

/** Name and version of the format. */
export const PROGRESS_SCHEMA = "mas-audit/progress@1";

const seconds = z.number().nonnegative();
const count = z.int().nonnegative();

/** What every event has. */
function event<Name extends string>(
  name: Name,
  what: string,
): z.ZodObject<{
  schema: z.ZodLiteral<typeof PROGRESS_SCHEMA>;
  event: z.ZodLiteral<Name>;
  elapsedSeconds: z.ZodNumber;
}> {
  return z.object({
    schema: z.literal(PROGRESS_SCHEMA),
    event: z.literal(name).describe(what),
    elapsedSeconds: seconds.describe("since the run began"),
  });
}

const site = {
  audit: z.string(),
  variable: z.string(),
  layer: count,
  role: z.string(),
};

const pace = {
  done: count.describe("cells that are done, reused ones included"),
  cells: count.describe("cells of the run"),
  remainingSeconds: seconds
    .nullable()
    .describe("expected, from the estimate and the cells so far; null where unknown"),
};

const eventSchema = z.discriminatedUnion("event", [
  event("device", "the device that computes").extend({ device: z.string() }).strict(),
  event("learner", "what learns, where that is not the built-in learner")
    .extend({ learner: z.string() })
    .strict(),
  event("stage", "a stage begins").extend({ stage: z.string() }).strict(),
  event("estimate", "time of the whole run, before anything is reused")
    .extend({ seconds: z.strictObject({ low: seconds, expected: seconds, high: seconds }) })
    .strict(),
  event("continues", "an unfinished run of the same plan was found")
    .extend({
      found: count.describe("finished cells that lie there"),
      cells: count.describe("cells that this run measures at most"),
      since: z.iso.datetime().describe("when that run began"),
    })
    .strict(),
  event("warning", "something to know that stops nothing").extend({ message: z.string() }).strict(),
  event("begin", "the measuring begins").extend({ cells: count }).strict(),
  event("cell", "a cell begins")
    .extend({ ...site, ...pace })
    .strict(),
  event("done", "a cell is done")
    .extend({ ...site, ...pace, reused: z.boolean().describe("taken from an earlier run") })
    .strict(),
  event("finished", "the results are in place")
    .extend({
      verdict: z.enum(["pass", "fail", "inconclusive", "not-measurable"]),
      folder: z.string(),
    })
    .strict(),
]);

const errorSchema = z.strictObject({
  schema: z.literal("mas-audit/error@1"),
  exitCode: z.int(),
  error: z.strictObject({
    type: z.string(),
    code: z.string(),
    message: z.string(),
    where: z.string().nullable(),
    expected: z.string().nullable(),
    found: z.string().nullable(),
    hint: z.string().nullable(),
    causes: z.array(z.string()),
  }),
});

/** One line of `--json-progress`: an event, or the error that the run ends with. */
export const progressLineSchema = z.union([eventSchema, errorSchema]);

type Distributed<T> = T extends unknown ? Omit<T, "schema" | "elapsedSeconds"> : never;

/** An event without what every event has. */
export type ProgressEvent = Readonly<Distributed<z.infer<typeof eventSchema>>>;

/** One event of a run's progress: the objects that `--json-progress` prints. */
export type ProgressReport = ProgressEvent & {
  /** Name and version of the format. */
  readonly schema: typeof PROGRESS_SCHEMA;
  /** Since the run began. */
  readonly elapsedSeconds: number;
};

/** The format as JSON Schema (draft 2020-12). */
export function progressJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: PROGRESS_SCHEMA, ...z.toJSONSchema(progressLineSchema) };
}
