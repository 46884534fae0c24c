/** @file The prompts of a comparison: those of audits, or the lines of a file; each once, and as many as were asked for. */
import type { PlacedPrompt } from "../capture/prompt-states.js";
import { PlanError } from "../errors.js";
import type { Side } from "../measure/measures.js";
import type { LocatedModel } from "../models/located.js";
import { loadTokenizer } from "../models/tokenizer.js";
import { listNames } from "../plan/did-you-mean.js";
import { readTextFile } from "../store/regular-file.js";
import type { CompareOptions } from "./commands.js";
import { checkVocabularies, prepareAudits, type ReadyAudit } from "./prepare-audits.js";
import type { AuditParts } from "./run-audit.js";

/** Prompts, and in words where they come from. */
export interface ComparePrompts {
  readonly prompts: readonly PlacedPrompt[];
  readonly source: string;
  readonly warnings: readonly string[];
}

/** Fewest prompts that anything can be said of: two halves of four. */
const FEWEST = 8;

/** Items drawn for each prompt that is kept: many items of an audit are the same prompt. */
const ITEMS_PER_PROMPT = 3;

const LARGEST_FILE_BYTES = 256 << 20;

/**
 * The prompts of a comparison.
 *
 * @throws {@link PlanError} for a file that cannot be read, fewer than 8 different prompts, a place that no audit has,
 *   and whatever makes an audit unusable.
 */
export async function choosePrompts(
  options: CompareOptions,
  parts: AuditParts,
  models: Readonly<Record<Side, LocatedModel>>,
): Promise<ComparePrompts> {
  const found =
    options.prompts === null
      ? await fromAudits(options, parts, models)
      : await fromFile(options.prompts, options, models);
  const prompts = distinct(found.prompts).slice(0, options.items);
  if (prompts.length >= FEWEST) return { ...found, prompts };
  throw new PlanError("too few different prompts to compare models on", {
    code: "TOO_FEW_PROMPTS",
    where: found.source,
    expected: `at least ${FEWEST} different prompts`,
    found: String(prompts.length),
    hint: "give more prompts, or a larger --items",
  });
}

async function fromAudits(
  { audits, items, seed, tokenizer, at }: CompareOptions,
  parts: AuditParts,
  models: Readonly<Record<Side, LocatedModel>>,
): Promise<ComparePrompts> {
  const asked = audits.length === 0 ? parts.audits.length : audits.length;
  const ready = await prepareAudits({
    ...{ models, builtIn: parts.audits, texts: [] },
    options: {
      ...{ audits, seed, tokenizer, variables: [] },
      items: Math.ceil((ITEMS_PER_PROMPT * items) / asked),
    },
  });
  const placed = ready.audits.map((audit) => placesOf(audit, at));
  if (placed.every((prompts) => prompts.length === 0)) throw unknownPlace(at, ready.audits);
  const used = ready.audits.filter((_, i) => (placed[i] ?? []).length > 0);
  return {
    prompts: inTurn(placed),
    source: `audits ${used.map(({ prepared }) => prepared.audit.id).join(", ")}`,
    warnings: ready.warnings.map(({ message }) => message),
  };
}

function placesOf({ prepared }: ReadyAudit, at: string): PlacedPrompt[] {
  return prepared.items.flatMap(({ ids, positions }): PlacedPrompt[] => {
    if (at === "mean") return [{ ids, at }];
    const token = at === "last" ? ids.length - 1 : positions[at];
    return token === undefined ? [] : [{ ids, at: token }];
  });
}

function unknownPlace(at: string, audits: readonly ReadyAudit[]): PlanError {
  const roles = new Set(audits.flatMap(({ prepared }) => prepared.roles));
  return new PlanError("no audit has this place in its prompts", {
    code: "UNKNOWN_ROLE",
    where: "--at",
    expected: `one of ${listNames([...new Set(["last", "mean", ...roles])])}`,
    found: JSON.stringify(at),
    hint: "choose a place of these audits, or other audits",
  });
}

async function fromFile(
  path: string,
  { tokenizer: folder, at }: CompareOptions,
  models: Readonly<Record<Side, LocatedModel>>,
): Promise<ComparePrompts> {
  checkVocabularies(models);
  const read = readTextFile(path, LARGEST_FILE_BYTES);
  if (read.kind !== "ok") {
    throw new PlanError("the file of prompts cannot be read", {
      code: "PROMPTS_FILE_MISSING",
      where: path,
      expected: "a text file with one prompt per line",
      found: read.found,
      hint: "check the path",
      cause: read.cause,
    });
  }
  const tokenizer = await loadTokenizer(folder ?? models.base.folder);
  const limit = Math.min(
    models.base.contextLength ?? Infinity,
    models.tuned.contextLength ?? Infinity,
  );
  const lines = read.text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const encoded = lines.map((line) => tokenizer.encode(line).ids);
  const fitting = encoded.filter((ids) => ids.length <= limit && ids.length > 1);
  const left = encoded.length - fitting.length;
  return {
    prompts: fitting.map((ids) => ({ ids, at: at === "mean" ? at : ids.length - 1 })),
    source: path,
    warnings:
      left === 0
        ? []
        : [`${left} prompts are left out: shorter than two tokens, or longer than the context`],
  };
}

/** One of each list in turn, so that a beginning of the result holds as much of each. */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) =>
    lists.flatMap((list) => list.slice(i, i + 1)),
  ).flat();
}

/** Each prompt and place once: equal states agree in both models whatever these do. */
function distinct(prompts: readonly PlacedPrompt[]): readonly PlacedPrompt[] {
  const known = new Map(prompts.map((prompt) => [`${prompt.at}:${prompt.ids.join()}`, prompt]));
  return [...known.values()];
}
