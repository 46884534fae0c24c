/**
 * @file Entries of a policy that do nothing, as warnings: a name that is in no audit of the run (misspelt, or gone), or
 * a place where nothing needs an excuse any more.
 */
import { didYouMean, listNames } from "../plan/did-you-mean.js";
import { coversLayer, entriesOf, namesVariable, type Entry } from "../verdict/excuses.js";
import type { RunVerdict } from "../verdict/verdicts.js";
import type { Warning } from "./schema.js";

/** Codes of these warnings: whoever judges again replaces them. */
const CODES: readonly string[] = [
  "EXCUSE_UNKNOWN",
  "EXCUSE_UNUSED",
  "NO_BASELINE",
  "COMPARISON_LEFT_OUT",
];

/** Whether a warning is about a policy, and not about what was measured. */
export function isPolicyWarning({ code }: Warning): boolean {
  return CODES.includes(code);
}

type Judged = Pick<RunVerdict, "variables" | "policy">;

/** One warning per entry of `allow` and `waivers` that excuses nothing. */
export function warnExcuses(judged: Judged): readonly Warning[] {
  return entriesOf(judged.policy).flatMap((entry): readonly Warning[] => {
    if (isUsed(entry, judged)) return [];
    const unknown = findUnknown(entry, judged);
    const where = `${entry.list}[${entry.index}]`;
    if (unknown !== undefined) return [{ code: "EXCUSE_UNKNOWN", where, ...unknown }];
    return [
      {
        code: "EXCUSE_UNUSED",
        where,
        message: `${where} of the policy excuses nothing: no verdict there closes the gate (“${entry.selector.reason}”)`,
        hint: "remove it, so that it does not hide a later failure",
      },
    ];
  });
}

/** An entry is used where its reason and day stand among the excuses of a variable that it names. */
function isUsed({ selector, list, expires }: Entry, { variables }: Judged): boolean {
  return variables.some(
    (variable) =>
      namesVariable(selector, variable) &&
      (variable.excuses ?? []).some(
        (excuse) =>
          excuse.reason === selector.reason &&
          excuse.expires === expires &&
          (excuse.kind === "allowed") === (list === "allow"),
      ),
  );
}

/** The first name of an entry that the run does not know. */
function findUnknown(
  { selector, list, index }: Entry,
  { variables }: Judged,
): Pick<Warning, "message" | "hint"> | undefined {
  const inAudit = variables.filter(
    ({ audit }) => selector.audit === undefined || audit === selector.audit,
  );
  const named = variables.filter((variable) => namesVariable(selector, variable));
  const roles = [...new Set(named.flatMap(({ sites }) => sites.map(({ role }) => role)))];
  const layers = [...new Set(named.flatMap(({ sites }) => sites.map(({ layer }) => layer)))];
  const tell = (
    what: string,
    given: string,
    known: readonly string[],
  ): Pick<Warning, "message" | "hint"> => ({
    message: `${list}[${index}].${what} of the policy: ${JSON.stringify(given)} is not in this run, which has ${listNames([...new Set(known)])}`,
    ...didYouMean(given, [...new Set(known)]),
  });
  const { audit, variable } = selector;
  if (audit !== undefined && inAudit.length === 0)
    return tell("audit", audit, listOf(variables, "audit"));
  if (variable !== undefined && named.length === 0)
    return tell("variable", variable, listOf(inAudit, "variable"));
  const role = selector.roles?.find((given) => !roles.includes(given));
  if (role !== undefined) return tell("roles", role, roles);
  if (layers.some((layer) => coversLayer(selector.layers, layer))) return undefined;
  if (selector.layers === undefined) return undefined;
  const examined = [...layers].sort((a, b) => a - b).map(String);
  return tell("layers", selector.layers.join(", "), examined);
}

function listOf(variables: Judged["variables"], key: "audit" | "variable"): readonly string[] {
  return variables.map((one) => one[key]);
}
