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
import { parseAuditFile } from "../plan/audit-file.js";
import type { CausalAudit, Item } from "../plan/audit.js";
import { chooseAudits } from "../plan/choose-audits.js";
import type { AuditOptions } from "../plan/options.js";
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

/** All audits of a run. */
export interface ReadyAudits {
  readonly audits: readonly ReadyAudit[];
  /** Absent when every audit holds ids. */
  readonly tokenizer?: Tokenizer;
  readonly warnings: readonly Warning[];
}

/** What preparing needs. */
export interface PreparationRequest {
  readonly options: AuditOptions;
  readonly builtIn: readonly CausalAudit[];
  readonly models: Readonly<Record<Side, LocatedModel>>;
}

/**
 * Chooses, generates and tokenises the items of every audit.
 *
 * @throws {@link PlanError} for unknown audits or variables, bad audit files, differing tokenizers or vocabularies,
 *   and whatever makes items unusable.
 */
export async function prepareAudits(request: PreparationRequest): Promise<ReadyAudits> {
  const { options, builtIn, models } = request;
  const chosen = chooseAudits({
    builtIn,
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
  const hasText = withItems.some(({ items }) => needsTokenizer(items));
  const { tokenizer, notes } = hasText
    ? await chooseTokenizer(request)
    : { tokenizer: undefined, notes: [] };
  const audits = withItems.map(({ audit, variables, items }) => ({
    variables,
    ...ready(audit, items, { tokenizer, models }),
  }));
  const warnings = [
    ...notes.map((message) => ({ code: "TOKENIZER", message })),
    ...audits.flatMap(({ prepared }) =>
      prepared.warnings.map((message) => ({
        code: "AUDIT",
        message,
        where: `audit "${prepared.audit.id}"`,
      })),
    ),
  ];
  return { audits, ...(tokenizer === undefined ? {} : { tokenizer }), warnings };
}

function ready(
  audit: CausalAudit,
  items: readonly Item[],
  {
    tokenizer,
    models: { base, tuned },
  }: { tokenizer: Tokenizer | undefined; models: Readonly<Record<Side, LocatedModel>> },
): Pick<ReadyAudit, "prepared" | "sha256"> {
  const contexts = [base.contextLength, tuned.contextLength].filter((n) => n !== undefined);
  const prepared = prepareAudit(audit, items, {
    vocab: base.vocab,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(contexts.length === 0 ? {} : { contextLength: Math.min(...contexts) }),
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
function checkVocabularies({ base, tuned }: Readonly<Record<Side, LocatedModel>>): void {
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
