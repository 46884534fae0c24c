/**
 * @file A user's audit file becomes a {@link CausalAudit}. All mistakes of a file are reported at once, each with its
 * JSON path, what was expected and what was found. Nothing is mended or left out.
 */
import { PlanError, present } from "../errors.js";
import type { CausalAudit, Item } from "./audit.js";
import { plainItem } from "./item-checks.js";
import { checkParts, keyOf, type AuditParts, type Mistake } from "./audit-checks.js";
import {
  answersSchema,
  auditFileSchema,
  itemSchema,
  KNOWN_KEYS,
  outcomeSchema,
  variablesSchema,
  type AuditFile,
} from "./audit-schema.js";
import { listNames } from "./did-you-mean.js";
import { formatPath, isObject, showValue, type JsonPath } from "./json-path.js";
import { scanJson } from "./json-text.js";
import { throwProblems } from "./problems.js";
import { shapeMistakes } from "./shape-mistakes.js";

/**
 * Reads the text of an audit file; `path` is what errors call it.
 *
 * @throws {@link PlanError} `AUDIT_FILE_SYNTAX` (with line and column) for text that is no JSON, `AUDIT_FILE` with
 *   every mistake of the file otherwise.
 */
export function parseAuditFile(text: string, path: string): CausalAudit {
  const scan = scanJson(text);
  if (scan.kind === "error") throw syntaxError(path, { ...scan, text });
  const document: unknown = JSON.parse(text);
  const parsed = auditFileSchema.safeParse(document);
  const mistakes = [
    ...scan.repeated.map(({ path, at }) => ({
      path,
      expected: "every key once",
      found: `it again in line ${at.line}`,
    })),
    ...shapeMistakes({
      issues: parsed.error?.issues ?? [],
      document,
      knownKeys: (path) => KNOWN_KEYS[placeForm(path)] ?? [],
      // the messages of our schemas are what was expected
      expected: ({ message }) => message,
    }),
    ...checkParts(partsOf(document)),
  ];
  throwProblems(
    inFileOrder(mistakes).map(({ path, ...rest }) => ({ what: formatPath(path), ...rest })),
    { kind: "plan", code: "AUDIT_FILE", of: "audit file", where: path },
  );
  return toAudit(present(parsed.data, "audit file without mistakes"));
}

interface SyntaxFault {
  readonly at: { readonly line: number; readonly column: number };
  readonly expected: string;
  readonly text: string;
}

function syntaxError(path: string, { at, expected, text }: SyntaxFault): PlanError {
  const line = text.split("\n")[at.line - 1] ?? "";
  const rest = line.slice(at.column - 1).trim();
  const atEnd = text.split("\n").slice(at.line).join("").trim() === "" && rest === "";
  return new PlanError("the audit file is not JSON", {
    code: "AUDIT_FILE_SYNTAX",
    where: `${path}, line ${at.line}, column ${at.column}`,
    expected,
    found: atEnd ? "the end of the file" : rest === "" ? "the end of the line" : showValue(rest),
    hint: "correct this place; an editor that knows JSON marks it",
  });
}

function toObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** `items.*.messages.*` for `items[3].messages[0]`. */
function placeForm(path: JsonPath): string {
  return path.map((step) => (typeof step === "number" ? "*" : step)).join(".");
}

/** Each part by itself, so that a mistake in one does not keep the others from being checked. */
function partsOf(document: unknown): AuditParts {
  const file = toObject(document);
  const items = Array.isArray(file["items"]) ? (file["items"] as readonly unknown[]) : [];
  return {
    variables: variablesSchema.safeParse(file["variables"]).data,
    answers: answersSchema.safeParse(file["answers"]).data,
    outcome: outcomeSchema.safeParse(file["outcome"]).data,
    items: items.map((item) => itemSchema.safeParse(item).data),
  };
}

const ORDER = ["the file", ...(KNOWN_KEYS[""] ?? [])];

/** In the order of the contract's keys, items by index; equal places as they came. */
function inFileOrder(mistakes: readonly Mistake[]): readonly Mistake[] {
  const rank = ({ path }: Mistake): number => ORDER.indexOf(String(path[0]));
  const index = ({ path }: Mistake): number => (typeof path[1] === "number" ? path[1] : -1);
  return [...mistakes].sort((a, b) => rank(a) - rank(b) || index(a) - index(b));
}

function toAudit(file: AuditFile): CausalAudit {
  const { id, title, variables, outcome } = file;
  const items = file.items.map(plainItem);
  return {
    id,
    title,
    question: file.question ?? title,
    why: file.why ?? "",
    references: file.references ?? [],
    variables,
    by: outcome.by,
    answers: toForms(file.answers),
    outcome: (values) => {
      const key = keyOf(outcome.by, values);
      return present(outcome.table[key], `outcome of ${listNames([key])}`);
    },
    items: (stream, n) => draw(items, { n, shuffle: (all) => stream.shuffle(all) }),
    sites: ["last", ...Object.keys(items[0]?.spans ?? {})],
  };
}

/** Texts or id sequences, never both: `checkForms` has seen to that. */
function toForms(answers: AuditFile["answers"]): CausalAudit["answers"] {
  return Object.fromEntries(
    Object.entries(answers).map(([name, forms]) => {
      const texts = forms.filter((form) => typeof form === "string");
      const lists = forms.filter((form) => typeof form !== "string");
      return [name, texts.length > 0 ? texts : lists];
    }),
  );
}

interface Drawing {
  readonly n: number;
  readonly shuffle: (all: readonly number[]) => readonly number[];
}

/** All items, or `n` of them drawn at random, in the order of the file. */
function draw(items: readonly Item[], { n, shuffle }: Drawing): readonly Item[] {
  if (n >= items.length) return items;
  const chosen = new Set(shuffle(items.map((_, i) => i)).slice(0, n));
  return items.filter((_, i) => chosen.has(i));
}
