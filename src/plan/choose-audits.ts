/**
 * @file Which audits run, and which of their variables: the values of `--audit` and `--variable`.
 */
import type { CausalAudit } from "./audit.js";
import { didYouMean, listNames } from "./did-you-mean.js";
import { throwProblems, type Problem } from "./problems.js";
import type { TextAudit } from "./text-audit.js";

/** An audit, where it came from, and its variables under test. */
export interface ChosenAudit {
  readonly audit: CausalAudit;
  /** `"built-in"`, or the path of the file as typed. */
  readonly source: string;
  /** Variables under test: all that the outcome depends on, or those of them that were asked for. */
  readonly variables: readonly string[];
}

/** What audits are chosen from. */
export interface AuditChoice {
  /** Built-in audits, in the order in which they run by default. */
  readonly builtIn: readonly CausalAudit[];
  /** Built-in audits of texts: run only where asked for by id. @defaultValue none */
  readonly texts?: readonly TextAudit[];
  /** Reads a user's file; throws a {@link PlanError} that lists all of its mistakes. */
  readonly parseFile: (path: string) => CausalAudit;
  /** Ids or paths; empty = all built-in audits. */
  readonly audits: readonly string[];
  /** Variables under test; empty = all. */
  readonly variables: readonly string[];
}

/** Is this value of `--audit` a path and not an id? Ids have neither slashes nor an ending. */
export function isAuditPath(value: string): boolean {
  return /[/\\]|\.json$/i.test(value);
}

/**
 * The audits to run in the order asked for; audits left without a variable by `variables` are not among them.
 *
 * @throws {@link PlanError} for unknown ids, unknown variables and ids that stand twice, all of a kind at once, and
 *   whatever `parseFile` throws.
 */
export function chooseAudits(choice: AuditChoice): readonly ChosenAudit[] {
  const found = choice.audits.length === 0 ? withSource(choice.builtIn) : resolveAll(choice);
  refuseDuplicates([...found, ...withSource(chooseTexts(choice))]);
  refuseUnknownVariables(choice.variables, found);
  return found
    .map(({ audit, source }) => ({ audit, source, variables: wanted(audit, choice.variables) }))
    .filter(({ variables }) => variables.length > 0);
}

/** The audits of texts that were asked for, as often as they were. */
export function chooseTexts({
  texts = [],
  audits,
}: Pick<AuditChoice, "texts" | "audits">): readonly TextAudit[] {
  return audits.flatMap((value) => texts.filter(({ id }) => id === value));
}

type Found = Omit<ChosenAudit, "variables">;

function withSource<A>(audits: readonly A[]): readonly { audit: A; source: string }[] {
  return audits.map((audit) => ({ audit, source: "built-in" }));
}

function resolveAll({ builtIn, texts = [], parseFile, audits }: AuditChoice): readonly Found[] {
  const ids = [...builtIn, ...texts].map(({ id }) => id);
  const unknown = audits.filter((value) => !isAuditPath(value) && !ids.includes(value));
  throwProblems(
    unknown.map((value) => unknownAudit(value, ids)),
    { kind: "plan", code: "UNKNOWN_AUDIT", of: "--audit" },
  );
  return audits.flatMap((value) =>
    isAuditPath(value)
      ? [{ audit: parseFile(value), source: value }]
      : withSource(builtIn.filter(({ id }) => id === value)),
  );
}

function unknownAudit(value: string, ids: readonly string[]): Problem {
  const near = didYouMean(value, ids);
  return {
    what: "--audit",
    expected: `one of ${listNames(ids)}, or the path of a .json file`,
    found: JSON.stringify(value),
    ...near,
  };
}

function refuseDuplicates(
  found: readonly { readonly audit: { readonly id: string }; readonly source: string }[],
): void {
  const twice = found.filter(({ audit }, i) => found.findIndex((x) => x.audit.id === audit.id) < i);
  throwProblems(
    twice.map(({ audit, source }) => ({
      what: "--audit",
      expected: "every audit id once",
      found: `"${audit.id}" again (${source})`,
    })),
    { kind: "plan", code: "DUPLICATE_AUDIT", of: "--audit" },
  );
}

function refuseUnknownVariables(names: readonly string[], found: readonly Found[]): void {
  const known = [...new Set(found.flatMap(({ audit }) => audit.by))];
  const unknown = names.filter((name) => !known.includes(name));
  throwProblems(
    unknown.map((name) => ({
      what: "--variable",
      expected: `one of ${listNames(known)}`,
      found: JSON.stringify(name),
      ...untested(name, found, known),
    })),
    { kind: "plan", code: "UNKNOWN_VARIABLE", of: "--variable" },
  );
}

/** A variable may exist without being tested: then the reason helps more than a similar name. */
function untested(
  name: string,
  found: readonly Found[],
  known: readonly string[],
): { hint?: string } {
  const holder = found.find(({ audit }) => Object.hasOwn(audit.variables, name));
  if (holder === undefined) return didYouMean(name, known);
  return { hint: `the outcome of audit "${holder.audit.id}" does not depend on it` };
}

function wanted(audit: CausalAudit, names: readonly string[]): readonly string[] {
  return names.length === 0 ? audit.by : audit.by.filter((name) => names.includes(name));
}
