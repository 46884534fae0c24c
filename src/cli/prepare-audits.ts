/**
 * @file From the options to prepared audits: which audits, which items, which tokens. Loads the tokenizer only when
 * an audit holds text.
 */
import { PlanError } from "../errors.js";
import { compareTokenizers } from "../models/compare-tokenizers.js";
import type { LocatedModel } from "../models/located.js";
import { needsTokenizer, prepareAudit, type PreparedAudit } from "../models/prepared-items.js";
import { hasTokenizer } from "../models/tokenizer-folder.js";
import { loadTokenizer, type Tokenizer } from "../models/tokenizer.js";
import type { Side } from "../measure/measures.js";
import { prepareTexts, type PreparedTexts } from "../measure/full/prepared-texts.js";
import { parseAuditFile } from "../plan/audit-file.js";
import type { CausalAudit, Item } from "../plan/audit.js";
import { chooseAudits, chooseTexts } from "../plan/choose-audits.js";
import type { AuditOptions } from "../plan/options.js";
import type { TextAudit } from "../plan/text-audit.js";
import type { Warning } from "../report/schema.js";
import { stream } from "../stats/stream.js";
import { digestJson } from "../store/digest.js";
import { readTextFile } from "../store/regular-file.js";

/** One audit, ready to run. */
export interface ReadyAudit {
  readonly prepared: PreparedAudit;
  /** Variables under test. */
  readonly variables: readonly string[];
  /** Digest of items, positions and answer tokens: whatever of the audit can change a number. */
  readonly sha256: string;
}

/** One audit of texts, ready to run. */
export interface ReadyTexts {
  readonly prepared: PreparedTexts;
  /** Digest of the texts' tokens and groups. */
  readonly sha256: string;
}

/** All audits of a run. */
export interface ReadyAudits {
  readonly audits: readonly ReadyAudit[];
  readonly texts: readonly ReadyTexts[];
  /** Absent when every audit holds ids. */
  readonly tokenizer?: Tokenizer;
  readonly warnings: readonly Warning[];
}

/** What preparing needs. */
export interface PreparationRequest {
  readonly options: Pick<AuditOptions, "audits" | "variables" | "items" | "seed" | "tokenizer">;
  readonly builtIn: readonly CausalAudit[];
  /** Run only where asked for. */
  readonly texts: readonly TextAudit[];
  readonly models: Readonly<Record<Side, LocatedModel>>;
}

/**
 * Chooses, generates and tokenises the items of every audit. Where no audit was named, built-in ones that these models
 * cannot be asked (chats without a chat template) are left out with a warning.
 *
 * @throws {@link PlanError} for unknown audits or variables, bad audit files, differing tokenizers or vocabularies,
 *   and whatever makes items unusable.
 */
export async function prepareAudits(request: PreparationRequest): Promise<ReadyAudits> {
  const { options, builtIn, models } = request;
  const chosen = chooseAudits({
    builtIn,
    texts: request.texts,
    parseFile: readAuditFile,
    audits: options.audits,
    variables: options.variables,
  });
  const withItems = chosen.map(({ audit, variables }) => ({
    audit,
    variables,
    items: audit.items(stream(options.seed, `audit/${audit.id}`), options.items),
  }));
  checkVocabularies(models);
  const texts = chooseTexts({ texts: request.texts, audits: options.audits });
  const hasText = texts.length > 0 || withItems.some(({ items }) => needsTokenizer(items));
  const { tokenizer, notes } = hasText
    ? await chooseTokenizer(request)
    : { tokenizer: undefined, notes: [] };
  const attempts = withItems.map(({ audit, variables, items }) =>
    attempt(audit, () => ({ variables, ...ready(audit, items, { tokenizer, models }) })),
  );
  const audits = attempts.flatMap((made) => ("ready" in made ? [made.ready] : []));
  const misfits = attempts.flatMap((made) => ("misfit" in made ? [made] : []));
  const [misfit] = misfits;
  // what was asked for by name is not left out, and neither is everything
  if (misfit !== undefined && (options.audits.length > 0 || audits.length === 0)) {
    throw misfit.misfit;
  }
  const warnings = [
    ...misfits.map(leftOut),
    ...notes.map((message) => ({ code: "TOKENIZER", message })),
    ...audits.flatMap(({ prepared }) =>
      prepared.warnings.map((message) => ({
        code: "AUDIT",
        message,
        where: `audit "${prepared.audit.id}"`,
      })),
    ),
    ...texts.map(({ id }) => ({
      code: "NO_RIGHT_ANSWER",
      message:
        "there is no right answer here: “right” counts next tokens that are the base's own, and its mass is that of the whole vocabulary",
      where: `audit "${id}"`,
    })),
  ];
  return {
    audits,
    texts: tokenizer === undefined ? [] : texts.map((each) => readyTexts(each, request, tokenizer)),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    warnings,
  };
}

/** Texts made for each that is kept: pairs need one length, so those of rare lengths are left out. */
const TEXTS_PER_ITEM = 3;

function readyTexts(
  audit: TextAudit,
  { options, models }: PreparationRequest,
  tokenizer: Tokenizer,
): ReadyTexts {
  const made = audit.texts(
    stream(options.seed, `audit/${audit.id}`),
    TEXTS_PER_ITEM * options.items,
  );
  const contextLength = shorterContext(models);
  const prepared = prepareTexts(audit, made, { tokenizer, n: options.items, ...contextLength });
  const items = prepared.items.map(({ ids, group }) => ({ ids, group }));
  return { prepared, sha256: digestJson({ id: audit.id, items }) };
}

/** What the shorter of both models takes, where it is known. */
function shorterContext({ base, tuned }: PreparationRequest["models"]): {
  readonly contextLength?: number;
} {
  const known = [base.contextLength, tuned.contextLength].filter((n) => n !== undefined);
  return known.length === 0 ? {} : { contextLength: Math.min(...known) };
}

/** Why the texts of an audit cannot be put to a model; another audit may still fit it. */
const MISFITS: readonly string[] = [
  "NO_CHAT_TEMPLATE",
  "CHAT_TEMPLATE_FAILED",
  "SHARED_ANSWER_TOKEN",
  "ANSWER_NOT_A_CONTINUATION",
  "SPAN_WITHOUT_TOKEN",
  "NO_ITEM_FITS",
  "ROLE_AT_START",
];

interface Misfit {
  readonly misfit: PlanError;
  readonly id: string;
}

function attempt(
  { id }: CausalAudit,
  make: () => ReadyAudit,
): { readonly ready: ReadyAudit } | Misfit {
  try {
    return { ready: make() };
  } catch (error) {
    if (error instanceof PlanError && MISFITS.includes(error.code)) return { misfit: error, id };
    throw error;
  }
}

function leftOut({ misfit, id }: Misfit): Warning {
  return {
    code: "AUDIT_LEFT_OUT",
    message: `audit "${id}" is left out: ${misfit.message}`,
    where: `audit "${id}"`,
  };
}

function ready(
  audit: CausalAudit,
  items: readonly Item[],
  {
    tokenizer,
    models,
  }: { tokenizer: Tokenizer | undefined; models: Readonly<Record<Side, LocatedModel>> },
): Pick<ReadyAudit, "prepared" | "sha256"> {
  const prepared = prepareAudit(audit, items, {
    vocab: models.base.vocab,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...shorterContext(models),
  });
  const sha256 = digestJson({
    id: audit.id,
    variables: audit.variables,
    by: audit.by,
    classes: prepared.classes,
    answers: prepared.answerTokens,
    items: prepared.items.map(({ ids, positions, group, class: answer, item }) => ({
      ids,
      positions,
      group,
      answer,
      values: item.values,
    })),
  });
  return { prepared, sha256 };
}

/** Room for an audit file: some hundred thousand prompts. */
const LARGEST_AUDIT_BYTES = 256 << 20;

function readAuditFile(path: string): CausalAudit {
  const read = readTextFile(path, LARGEST_AUDIT_BYTES);
  if (read.kind === "ok") return parseAuditFile(read.text, path);
  throw new PlanError("the audit file cannot be read", {
    code: "AUDIT_FILE_MISSING",
    where: path,
    expected: "a JSON file (mas-audit schema audit prints the format)",
    found: read.found,
    hint: "check the path; `mas-audit schema audit` prints the format of an audit file",
    cause: read.cause,
  });
}

/** @throws {@link PlanError} `VOCABULARIES_DIFFER`: the same ids must mean the same in both models. */
export function checkVocabularies({ base, tuned }: Readonly<Record<Side, LocatedModel>>): void {
  if (base.vocab === tuned.vocab) return;
  throw new PlanError("the two models have different vocabularies", {
    code: "VOCABULARIES_DIFFER",
    where: `${base.path} and ${tuned.path}`,
    expected: `${base.vocab} tokens, as in the base`,
    found: `${tuned.vocab} tokens in the tuned model`,
    hint: "compare models that read the same tokens; a fine-tune that added tokens must be exported with the base's",
  });
}

async function chooseTokenizer({
  options,
  models: { base, tuned },
}: PreparationRequest): Promise<{ tokenizer: Tokenizer; notes: readonly string[] }> {
  if (options.tokenizer !== null) {
    return { tokenizer: await loadTokenizer(options.tokenizer), notes: [] };
  }
  const tokenizer = await loadTokenizer(base.folder);
  const notes = hasTokenizer(tuned.folder)
    ? compareTokenizers(tokenizer, await loadTokenizer(tuned.folder))
    : ["the tuned model has no tokenizer beside it; the base's was used for both"];
  return { tokenizer, notes };
}
