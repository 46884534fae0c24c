/**
 * @file The plan of an unfinished run, kept beside its cells: the same command continues, another is refused by the first
 * difference. What cannot change a cell (layers, variables, further audits, the policy, where results go) may differ.
 */
import { join } from "node:path";
import { z } from "zod";
import { PlanError } from "../errors.js";
import { mapOptions, type AuditOptions } from "../plan/options.js";
import type { CellStore } from "../store/cell-store.js";
import { shellText } from "./shell-text.js";
import type { Inputs } from "./inputs.js";

const SCHEMA = "mas-audit/plan@1";

const factSchema = z.strictObject({
  /** As a person calls it: `--pairs`, `base model`. */
  name: z.string(),
  value: z.string(),
});

const planSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  /** When the run began first; ISO 8601. */
  since: z.iso.datetime(),
  command: z.array(z.string()),
  facts: z.array(factSchema),
});

type Fact = Readonly<z.infer<typeof factSchema>>;

/** What a plan is made from. */
export interface PlanParts {
  readonly options: AuditOptions;
  readonly inputs: Inputs;
  /** By program: mas-audit, onnxruntime, node, and TensorFlow.js where that learns. */
  readonly versions: Readonly<Record<string, string>>;
  readonly device: string;
  readonly threads: number;
  /** Whether the runtime keeps rearranged copies of the weights. */
  readonly prepack: boolean;
  readonly argv: readonly string[];
  readonly startedAt: Date;
}

/** What an unfinished run left. */
export interface Continuation {
  /** Finished cells that lie there. */
  readonly found: number;
  readonly since: string;
}

/**
 * Compares the plan with the one that the folder is kept for, and puts it there. Under `--force` a folder of another plan
 * is emptied first.
 *
 * @returns what is there to continue; undefined where nothing is.
 * @throws {@link PlanError} `PLAN_CHANGED` naming the first difference.
 */
export function continueOrBegin(store: CellStore, parts: PlanParts): Continuation | undefined {
  const facts = factsOf(parts);
  const begun = planSchema.safeParse(store.plan()).data;
  const difference = begun === undefined ? undefined : firstDifference(begun.facts, facts);
  if (begun !== undefined && difference !== undefined && store.size() > 0) {
    if (!parts.options.force) throw changed(store, { begun, difference });
    store.clear();
  }
  const isSame = begun !== undefined && difference === undefined;
  const since = isSame ? begun.since : parts.startedAt.toISOString();
  const kept = isSame ? mergeFacts(begun.facts, facts) : facts;
  const command = ["mas-audit", ...parts.argv];
  store.setPlan({ schema: SCHEMA, since, command, facts: kept.map((fact) => ({ ...fact })) });
  const found = store.size();
  return found === 0 ? undefined : { found, since };
}

/** Everything that all cells depend on, in the order in which a person should hear of it; audits last. */
function factsOf({ options, inputs, versions, device, threads, prepack }: PlanParts): Fact[] {
  const { k, items, pairs, steps, controls, seed, seeds, batch, referencePath, learner } = options;
  const numbers = { k, items, pairs, steps, controls, seed, seeds, batch, threads };
  return [
    ...Object.entries(numbers).map(([name, value]) => ({
      name: `--${name}`,
      value: String(value),
    })),
    { name: "--reference-path", value: referencePath ? "given" : "not given" },
    ...(learner === undefined ? [] : [{ name: "--learner", value: learner }]),
    ...mapFacts(options),
    ...Object.entries(versions).map(([name, value]) => ({ name: `version of ${name}`, value })),
    ...inputs.files.map(({ role, sha256 }) => ({ name: role, value: `sha256 ${sha256}` })),
    ...(inputs.tokenizer === undefined
      ? []
      : [{ name: TOKENIZER, value: `sha256 ${inputs.tokenizer}` }]),
    { name: "device", value: device },
    { name: "rearranged copies of the weights", value: prepack ? "kept" : "not kept" },
    ...inputs.audits.map(({ id, sha256 }) => ({
      name: `${AUDIT}"${id}"`,
      value: `sha256 ${sha256}`,
    })),
  ];
}

function mapFacts(options: AuditOptions): Fact[] {
  const { method, map, closed, learnSize, joint } = mapOptions(options);
  return [
    ...(method === undefined ? [] : [{ name: "--method", value: method }]),
    ...(map === undefined ? [] : [{ name: "--map", value: map }]),
    ...(closed === undefined ? [] : [{ name: "--closed", value: closed }]),
    ...(learnSize === undefined ? [] : [{ name: "--learn-size", value: "given" }]),
    ...(joint === undefined ? [] : [{ name: "--joint", value: "given" }]),
  ];
}

const AUDIT = "audit ";
const TOKENIZER = "tokenizer";

/** What only one side has: cells of other audits depend neither on an audit, nor on the tokenizer that it needs. */
function mayBeAbsent({ name }: Fact): boolean {
  return name.startsWith(AUDIT) || name === TOKENIZER;
}

interface Difference {
  readonly name: string;
  readonly was: string;
  readonly is: string;
}

function firstDifference(was: readonly Fact[], is: readonly Fact[]): Difference | undefined {
  const added = is.filter((fact) => valueIn(was, fact) === undefined);
  return [...was, ...added]
    .map((fact) => ({ fact, was: valueIn(was, fact), is: valueIn(is, fact) }))
    .filter(({ fact, ...values }) => {
      const isOneSided = values.was === undefined || values.is === undefined;
      return values.was !== values.is && !(isOneSided && mayBeAbsent(fact));
    })
    .map(({ fact: { name }, ...values }) => ({
      name,
      was: values.was ?? "not there",
      is: values.is ?? "not there",
    }))
    .at(0);
}

function valueIn(facts: readonly Fact[], { name }: Pick<Fact, "name">): string | undefined {
  return facts.find((fact) => fact.name === name)?.value;
}

function mergeFacts(was: readonly Fact[], is: readonly Fact[]): Fact[] {
  return [...is, ...was.filter((fact) => valueIn(is, fact) === undefined)];
}

function changed(
  store: CellStore,
  { begun, difference }: { begun: z.infer<typeof planSchema>; difference: Difference },
): PlanError {
  const { name, was, is } = difference;
  return new PlanError(
    `an unfinished run of another plan lies here, begun ${begun.since}, with ${store.size()} finished cells`,
    {
      code: "PLAN_CHANGED",
      where: join(store.folder, "plan.json"),
      expected: `${name} as then (${was})`,
      found: is,
      hint: `continue it by its own command (${shellText(begun.command)}), begin anew with --force, or name another folder with --out`,
    },
  );
}
