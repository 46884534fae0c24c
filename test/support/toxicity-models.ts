/**
 * @file The fine-tunes of the toxicity case study as `fixtures/make/toxicity.py` leaves them: which are there, of which
 * kind, and which pairs of them are compared.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PlanError, UsageError } from "../../src/errors.js";
import { standingAt } from "../../src/store/regular-file.js";

/** One fine-tune. */
export interface TunedModel {
  /** `toxic-0` … `non-toxic-2`, and the name of its folder. */
  readonly name: string;
  readonly toxic: boolean;
}

/** Kinds of pairs, in the order of the tables. */
export const PAIR_KINDS = ["toxic–toxic", "toxic–non-toxic", "non-toxic–non-toxic"] as const;
/** Kind of a pair. */
export type PairKind = (typeof PAIR_KINDS)[number];

/** Two fine-tunes, in the places of base and tuned. */
export interface ModelPair {
  readonly base: TunedModel;
  readonly tuned: TunedModel;
}

/** Which pairs are wanted. */
export interface PairWish {
  /** Each of these with all others. */
  readonly against: readonly string[];
  /** `A,B`, further pairs. */
  readonly pairs: readonly string[];
  readonly all: boolean;
}

/** Name of the held-out texts beside the models. */
export const HELD_OUT = "held-out.jsonl";

const NAME = /^(?<kind>toxic|non-toxic)-\d+$/;

/**
 * Models of a folder, non-toxic ones first, ascending.
 *
 * @throws {@link PlanError} `MODELS_MISSING` when there are fewer than two.
 */
export function findModels(folder: string): readonly TunedModel[] {
  const names = standingAt(folder).kind === "folder" ? readdirSync(folder) : [];
  const models = names
    .filter((name) => standingAt(join(folder, name, "config.json")).kind === "file")
    .flatMap((name) => {
      const kind = NAME.exec(name)?.groups?.["kind"];
      return kind === undefined ? [] : [{ name, toxic: kind === "toxic" }];
    })
    .sort((a, b) => Number(a.toxic) - Number(b.toxic) || (a.name < b.name ? -1 : 1));
  if (models.length >= 2) return models;
  throw new PlanError("the folder does not hold the fine-tunes of the case study", {
    code: "MODELS_MISSING",
    where: folder,
    expected: "two or more folders toxic-N and non-toxic-N, each with config.json",
    found: models.map(({ name }) => name).join(", ") || "none",
    hint: "fixtures/make/toxicity.py makes them",
  });
}

/** @throws {@link UsageError} for a name that no model has, and for a model paired with itself. */
export function choosePairs(models: readonly TunedModel[], wish: PairWish): readonly ModelPair[] {
  const first = wish.all ? models : wish.against.map((name) => findModel(models, name));
  const wanted = [
    ...first.flatMap((base) => models.map((tuned) => ({ base, tuned }))),
    ...wish.pairs.map((text) => readPair(models, text)),
  ].filter(({ base, tuned }) => base !== tuned);
  return wanted.filter((pair, i) => wanted.findIndex((other) => isSamePair(pair, other)) === i);
}

/** Kind of a pair, whichever model stands first. */
export function kindOf({ base, tuned }: ModelPair): PairKind {
  if (base.toxic !== tuned.toxic) return "toxic–non-toxic";
  return base.toxic ? "toxic–toxic" : "non-toxic–non-toxic";
}

/** Name of a pair, and of the folder of its result. */
export function nameOfPair({ base, tuned }: ModelPair): string {
  return `${base.name}--${tuned.name}`;
}

function isSamePair(a: ModelPair, b: ModelPair): boolean {
  return (a.base === b.base && a.tuned === b.tuned) || (a.base === b.tuned && a.tuned === b.base);
}

function readPair(models: readonly TunedModel[], text: string): ModelPair {
  const [base, tuned, ...more] = text.split(",").map((name) => findModel(models, name));
  if (base !== undefined && tuned !== undefined && base !== tuned && more.length === 0)
    return { base, tuned };
  throw new UsageError("a pair is two different models", {
    code: "USAGE",
    expected: "--pair A,B",
    found: `--pair ${text}`,
  });
}

function findModel(models: readonly TunedModel[], name: string): TunedModel {
  const found = models.find((model) => model.name === name);
  if (found !== undefined) return found;
  throw new UsageError("there is no such model", {
    code: "UNKNOWN_MODEL",
    expected: models.map((model) => model.name).join(", "),
    found: name,
  });
}
