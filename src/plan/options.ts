/**
 * @file The options of an audit: checked once, frozen, and recorded in the result's manifest.
 * Not here: how they are typed (`cli/program.ts`), and what needs a model to be known (`layers.ts`, `choose-k.ts`).
 */
import { z } from "zod";
import {
  ALSO_VIEWS,
  CONTROLS,
  MAP_NAMES,
  METHOD_NAMES,
  parseDevice,
  type Device,
} from "./defaults.js";
import { SIDES } from "./sides.js";

const positive = z.int().min(1);
const natural = z.int().min(0);

/** Schema of {@link AuditOptions}; unknown keys are errors. */
const auditOptionsSchema = z
  .strictObject({
    /** BASE as typed: a .onnx file or a folder that holds one. */
    base: z.string().min(1),
    /** TUNED as typed; null where an adapter on top of the base stands for it. */
    tuned: z.string().min(1).nullable(),
    /** Folder of a LoRA adapter on top of the base, in place of TUNED. */
    tunedAdapter: z.string().min(1).optional(),
    /** Ids of built-in audits or paths of audit files; empty = all built-in audits. */
    audits: z.array(z.string().min(1)).readonly(),
    /** Variables under test; empty = every variable that an outcome depends on. */
    variables: z.array(z.string().min(1)).readonly(),
    /** Layer spec, resolved against a model by `resolveLayers`. */
    layers: z.string().min(1),
    /** Dimensions of the subspace; "auto" = classes − 1, at most dModel / 8. */
    k: z.union([positive, z.literal("auto")]),
    /** Items drawn per audit. */
    items: positive,
    /** Scored test pairs per cell. */
    pairs: positive,
    /** Training steps per cell. */
    steps: natural,
    /** "full": also the controls that are learned with the same budget; "core": the nulls only. */
    controls: z.enum(CONTROLS),
    /** Learner in place of the built-in one, which is named by its absence: what is stored stays as it was. */
    learner: z.exactOptional(z.literal("tfjs")),
    /** How maps are learned; MAS is named by its absence. */
    method: z.exactOptional(z.enum(METHOD_NAMES)),
    /** Form of the maps; a rotation is named by its absence. */
    map: z.exactOptional(z.enum(MAP_NAMES)),
    /** A model that is recorded and not intervened on while maps are learned (CLMAS). */
    closed: z.exactOptional(z.enum(SIDES)),
    /** Learn how many of the k coordinates are exchanged. */
    learnSize: z.exactOptional(z.literal(true)),
    /** Learn all variables of an audit together, in blocks of their own. */
    joint: z.exactOptional(z.literal(true)),
    seed: natural,
    /** Learnings per cell with different random numbers; the first one is judged, the spread is shown. */
    seeds: positive,
    /** Policy file; absent = the default policy. No part of a cell's digest: judging comes after measuring. */
    policy: z.string().min(1).optional(),
    /** Verdicts that close the gate, in place of the policy's. */
    failOn: z.exactOptional(z.array(z.string().min(1)).readonly()),
    /** Result of an earlier audit to compare with. */
    baseline: z.exactOptional(z.string().min(1)),
    /** Rows per run of a model. */
    batch: positive,
    /** CPU threads of the runtime; "auto" = the machine's quota. */
    threads: z.union([positive, z.literal("auto")]),
    /** Bytes that a run may need, where less than the machine grants. */
    maxMemory: z.exactOptional(positive),
    device: z.custom<Device>((text) => typeof text === "string" && parseDevice(text) !== undefined),
    /** Refuse a graph that the device cannot run as a whole, instead of leaving nodes to the CPU. */
    strictDevice: z.boolean(),
    /** Run whole prompts above a site, also where only the tokens that change could be run. */
    referencePath: z.boolean(),
    /** Folder of the tokenizer; null = the folder of the base model. */
    tokenizer: z.string().min(1).nullable(),
    /** Output folder as an absolute path; never overwritten without `force`. */
    out: z.string().min(1),
    force: z.boolean(),
    /** Views that are written beside the result and its page. */
    also: z.exactOptional(z.array(z.enum(ALSO_VIEWS)).readonly()),
    /** stdout carries the result JSON and nothing else. */
    json: z.boolean(),
    quiet: z.boolean(),
    /** Progress as JSON objects on stderr, and errors too. */
    jsonProgress: z.exactOptional(z.boolean()),
    verbose: z.boolean(),
    /** Exit 0 even when the gate is closed. */
    exitZero: z.boolean(),
  })
  .readonly();

/** Options of one audit. @public */
export type AuditOptions = z.infer<typeof auditOptionsSchema>;

/** The options that can change a number of the result; the others (paths, output, verbosity) cannot. */
export type MeasuringOptions = Pick<
  AuditOptions,
  | "variables"
  | "layers"
  | "k"
  | "items"
  | "pairs"
  | "steps"
  | "controls"
  | "learner"
  | "method"
  | "map"
  | "closed"
  | "learnSize"
  | "joint"
  | "seed"
  | "seeds"
  | "batch"
  | "threads"
  | "device"
  | "referencePath"
>;

/**
 * Frozen options, checked against the schema.
 *
 * @throws {@link z.ZodError} for a value outside it; `cli/read-options.ts` refuses those first, so this is our bug.
 */
export function freezeOptions(options: unknown): AuditOptions {
  return Object.freeze(auditOptionsSchema.parse(options));
}

/** The part of the options that belongs to the reproducible half of a result and to a cell's digest. */
export function measuringOptions(options: AuditOptions): MeasuringOptions {
  const { variables, layers, k, items, pairs, steps, controls, seed, seeds } = options;
  const { batch, threads, device, referencePath, learner } = options;
  return {
    ...{ variables, layers, k, items, pairs, steps, controls, seed, seeds },
    ...{ batch, threads, device, referencePath },
    ...(learner === undefined ? {} : { learner }),
    ...mapOptions(options),
  };
}

/** The options that say which maps are learned; those that are not given are absent. */
export type MapOptions = Pick<AuditOptions, "method" | "map" | "closed" | "learnSize" | "joint">;

/** Picks {@link MapOptions}. */
export function mapOptions({ method, map, closed, learnSize, joint }: MapOptions): MapOptions {
  return {
    ...(method && { method }),
    ...(map && { map }),
    ...(closed && { closed }),
    ...(learnSize && { learnSize }),
    ...(joint && { joint }),
  };
}
