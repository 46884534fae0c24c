/**
 * @file `network.json`: what a folder with a small network says about it. The graph is one step of the network (token and
 * carried state in, logits and carried state out), or all of it (features in, logits out).
 */
import { z } from "zod";
import { ModelFormatError } from "../../errors.js";
import { readJsonObject } from "../json-object.js";

/** Name and version of the format. */
export const NETWORK_SCHEMA = "mas-audit/network@1";

const text = z.string().min(1);

const networkFileSchema = z.strictObject({
  schema: z.literal(NETWORK_SCHEMA),
  name: text,
  /** Id of the task whose sequences the network reads. */
  task: text,
  kind: z.enum(["recurrent", "feed-forward"]),
  /** File name of the graph, beside this file. */
  graph: text.regex(/^[^/\\]+$/u),
  /** Input that takes a token `[batch]` (int64) or features `[batch, feature]` (float32). */
  input: text,
  /** Output float32 `[batch, class]`. */
  logits: text,
  /** Value float32 `[batch, d]` that is exchanged: what the logits and the carried state of this step are made from. */
  site: text,
  /** What one step hands to the next; all start as zeros. */
  carry: z.array(z.strictObject({ input: text, output: text })),
});

/** What `network.json` holds. */
export type NetworkFile = Readonly<z.infer<typeof networkFileSchema>>;

const LARGEST_BYTES = 1 << 20;

/**
 * Reads a `network.json`.
 *
 * @throws {@link ModelFormatError} with every mistake in it.
 */
export function readNetworkFile(path: string): NetworkFile {
  const read = readJsonObject(path, LARGEST_BYTES);
  if (read.kind === "bad") throw refusal(path, read.found);
  const parsed = networkFileSchema.safeParse(read.value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(
    ({ path: place, message }) => `/${place.map(String).join("/")}: ${message}`,
  );
  throw refusal(path, mistakes.join("; "));
}

function refusal(path: string, found: string): ModelFormatError {
  return new ModelFormatError("not the description of a small network", {
    code: "NETWORK_FILE",
    where: path,
    expected: `a JSON object of ${NETWORK_SCHEMA}: name, task, kind, graph, input, logits, site, carry`,
    found,
    hint: "name a folder that holds network.json and its graph; README, “Small networks”, describes the file",
  });
}
