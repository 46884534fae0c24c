/**
 * @file How the inputs of a decoder are fed: each is recognised by type, rank, structure, and by its name where the name is
 * one that exporters agree on. An input that we cannot feed rightly is refused, never guessed.
 */
import { LocateError } from "../errors.js";
import type { Graph, Value } from "../onnx/graph.js";
import type { Configuration } from "./configuration.js";
import { inputDependent, tableLookups, type Lookup } from "./embedding.js";
import { refuseByInputs } from "./kind-of-model.js";
import type { FeedPlan } from "./located.js";
import { planPast } from "./past-input.js";

/** What is known when feeds are planned. */
export interface FeedContext {
  readonly graph: Graph;
  /** Size of the logits, where declared. */
  readonly vocab: number | undefined;
  readonly configuration: Configuration | undefined;
}

/** The plan and the value that the token ids turn into. */
export interface PlannedFeeds {
  readonly plan: FeedPlan;
  /** Embedding output, the source of the value flow. */
  readonly source: Value;
  /** Rows of the embedding table, where it is there to see. */
  readonly tableRows?: number;
}

type IndexDType = "int64" | "int32";
type Role = "inputIds" | "embeddings" | "attentionMask" | "positionIds" | "past" | "unknown";

/** Names that every exporter agrees on. */
const NAMED_ROLES: Readonly<Record<string, Role>> = {
  input_ids: "inputIds",
  attention_mask: "attentionMask",
  position_ids: "positionIds",
};

const ACCEPTED =
  "token ids (integer [batch, token]) or embeddings (float32 [batch, token, dModel]), an attention mask (integer or float32 [batch, token]), position ids (integer [batch, token]) and past keys and values (float [batch, heads, past, dHead] of any past length)";

/**
 * Assigns every input of the model to a role.
 *
 * @throws {@link LocateError} listing all inputs that have none, or dimensions that are fixed.
 */
export function planFeeds(context: FeedContext): PlannedFeeds {
  const { graph, configuration } = context;
  const free = graph.inputs.filter((input) => input.initializer === undefined);
  refuseByInputs(free);
  const dependent = inputDependent(graph);
  const tokens = findTokens(free, dependent, context.vocab);
  const roles = free.map((input) => ({ input, role: roleOf(input, tokens, dependent) }));
  const of = (role: Role): Value[] => roles.filter((r) => r.role === role).map((r) => r.input);

  const past = of("past").map((input) => planPast(input, configuration));
  const problems = [
    ...of("unknown").map(describe),
    ...[...of("inputIds"), ...of("attentionMask"), ...of("positionIds")].flatMap(fixedSizes),
    ...of("embeddings").flatMap(embeddingsProblem),
    ...past.flatMap((found) => (typeof found === "string" ? [found] : [])),
    ...(["attentionMask", "positionIds"] as const).flatMap((role) =>
      of(role).length > 1
        ? [`two inputs look like ${role}: ${of(role).map(describe).join(", ")}`]
        : [],
    ),
  ];
  if (problems.length > 0) throw refuseInputs(problems);
  const [mask] = of("attentionMask");
  const [positions] = of("positionIds");
  const { input } = tokens;
  const plan: FeedPlan = {
    ...(tokens.kind === "ids"
      ? { inputIds: { name: input.name, dtype: indexDType(input) } }
      : { embeddings: { name: input.name } }),
    ...(mask === undefined ? {} : { attentionMask: { name: mask.name, dtype: maskDType(mask) } }),
    ...(positions === undefined
      ? {}
      : { positionIds: { name: positions.name, dtype: indexDType(positions) } }),
    past: past.filter((found) => typeof found !== "string"),
  };
  if (tokens.kind === "embeddings") return { plan, source: input };
  const { node, rows } = tokens.lookup;
  return { plan, source: node.output(), ...(rows === undefined ? {} : { tableRows: rows }) };
}

/** The input that says what the text is: token ids with the lookup they drive, or embeddings themselves. */
type Tokens =
  | { readonly kind: "ids"; readonly input: Value; readonly lookup: Lookup }
  | { readonly kind: "embeddings"; readonly input: Value };

function findTokens(
  inputs: readonly Value[],
  dependent: ReadonlySet<Value>,
  vocab: number | undefined,
): Tokens {
  const [only, ...others] = inputs.filter(isEmbeddings);
  const isVocabulary = ({ rows }: Lookup): boolean =>
    rows === undefined || vocab === undefined || rows === vocab;
  const hasIds = inputs.some(
    (input) =>
      NAMED_ROLES[input.name] === "inputIds" ||
      (isIndices(input) && tableLookups(input, dependent).some(isVocabulary)),
  );
  if (only !== undefined && others.length === 0 && !hasIds)
    return { kind: "embeddings", input: only };
  return { kind: "ids", ...findIds(inputs, dependent, vocab) };
}

/** Vectors for tokens: float [batch, token, dModel] with a known width. */
function isEmbeddings({ type }: Value): boolean {
  return (
    type?.dtype.includes("float") === true &&
    type.shape?.length === 3 &&
    typeof type.shape[2] === "number"
  );
}

function embeddingsProblem(input: Value): string[] {
  const [batch, token] = input.type?.shape ?? [];
  if (typeof batch === "number" || typeof token === "number") return fixedSizes(input);
  return input.type?.dtype === "float32" ? [] : [`${describe(input)}: float32 can be fed`];
}

function findIds(
  inputs: readonly Value[],
  dependent: ReadonlySet<Value>,
  vocab: number | undefined,
): { input: Value; lookup: Lookup } {
  const candidates = inputs.filter(isIndices).flatMap((input) => {
    const lookups = tableLookups(input, dependent);
    // ids may drive a second table (per-layer embeddings); the one as long as the vocabulary is the embedding
    const lookup = lookups.find(({ rows }) => rows === vocab) ?? lookups[0];
    return lookup === undefined ? [] : [{ input, lookup }];
  });
  const named = candidates.filter(({ input }) => NAMED_ROLES[input.name] === "inputIds");
  const unnamed = candidates.filter(({ input }) => NAMED_ROLES[input.name] === undefined);
  const sized = unnamed.filter(({ lookup }) => lookup.rows === vocab);
  for (const choice of [named, sized, unnamed]) {
    const [only, ...others] = choice;
    if (only !== undefined && others.length === 0) return only;
  }
  throw new LocateError("the input that holds the token ids was not found", {
    code: "NO_TOKEN_IDS",
    expected: "one integer input [batch, token] that selects rows of a frozen embedding table",
    found:
      candidates.length > 0
        ? `${candidates.length} such inputs: ${candidates.map(({ input }) => describe(input)).join(", ")}`
        : `none among ${inputs.map(describe).join(", ") || "no inputs"}`,
    hint: "export the model for text generation, with token ids as its input",
  });
}

function roleOf(input: Value, tokens: Tokens, dependent: ReadonlySet<Value>): Role {
  if (input === tokens.input) return tokens.kind === "ids" ? "inputIds" : "embeddings";
  const rank = input.type?.shape?.length;
  const dtype = input.type?.dtype;
  if (dtype !== undefined && dtype.startsWith("float") && (rank === 4 || rank === 5)) return "past";
  const isMaskType = isIndices(input) || (dtype === "float32" && rank === 2);
  if (!isMaskType) return "unknown";
  const named = NAMED_ROLES[input.name];
  if (named === "attentionMask" || (named === "positionIds" && isIndices(input))) return named;
  return drivesPositions(input, dependent) ? "positionIds" : "attentionMask";
}

/** Does the input select rows of a position table, or angles of a rotation? */
function drivesPositions(input: Value, dependent: ReadonlySet<Value>): boolean {
  if (tableLookups(input, dependent).length > 0) return true;
  const seen = new Set([input]);
  const queue = [input];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    for (const { node, index } of value.uses) {
      if (node.opType === "Cos" || node.opType === "Sin") return true;
      // its first input is an activation, on which the mask acts as well
      if (node.opType === "RotaryEmbedding" && index > 0) return true;
      for (const output of node.outputs) {
        if (seen.has(output)) continue;
        seen.add(output);
        queue.push(output);
      }
    }
  }
  return false;
}

function isIndices(input: Value): boolean {
  const { dtype, shape } = input.type ?? {};
  return (dtype === "int64" || dtype === "int32") && (shape === undefined || shape.length === 2);
}

function indexDType(input: Value): IndexDType {
  return input.type?.dtype === "int32" ? "int32" : "int64";
}

function maskDType(input: Value): IndexDType | "float32" {
  return input.type?.dtype === "float32" ? "float32" : indexDType(input);
}

function fixedSizes(input: Value): string[] {
  const fixed = input.type?.shape?.some((dim) => typeof dim === "number") === true;
  return fixed ? [`${describe(input)}: a fixed size where any batch and length is needed`] : [];
}

/** `"name" (int64 [batch, token])`, as messages cite an input. */
export function describe(input: Value): string {
  const { dtype, shape } = input.type ?? {};
  const sizes = shape?.map((dim) => dim ?? "?").join(", ");
  return `"${input.name}" (${dtype ?? "unknown type"}${sizes === undefined ? "" : ` [${sizes}]`})`;
}

function refuseInputs(problems: readonly string[]): LocateError {
  return new LocateError(`${problems.length} of the model's inputs cannot be fed`, {
    code: "INPUTS",
    expected: ACCEPTED,
    found: problems.join("; "),
    hint: "export the model for text generation with dynamic batch and length",
  });
}
