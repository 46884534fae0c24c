/**
 * @file What a policy allows or waives of one variable. An excuse changes no verdict: it says which sites the gate
 * does not look at, and until when. Only sites that help to close the gate can be excused.
 */
import { invariant } from "../errors.js";
import type { Policy, Selector } from "./policy.js";
import type { Excuse, SiteVerdict, VariableVerdict, VariableWord } from "./verdicts.js";

/** A variable as far as selectors look at it. */
export type Excusable = Pick<VariableVerdict, "audit" | "variable" | "verdict" | "sites">;

/** An entry of a policy with its place there. */
export interface Entry {
  readonly list: "allow" | "waivers";
  readonly index: number;
  readonly selector: Selector;
  /** Last day of a waiver. */
  readonly expires?: string;
}

/** Every entry of `allow` and then of `waivers`. */
export function entriesOf({ allow, waivers }: Policy): readonly Entry[] {
  return [
    ...allow.map((selector, index): Entry => ({ list: "allow", index, selector })),
    ...waivers.map((selector, index): Entry => ({
      list: "waivers",
      index,
      selector,
      expires: selector.expires,
    })),
  ];
}

/** The day (UTC) of a moment in ISO 8601 (UTC): `2026-03-04`. */
export function dayOf(moment: string): string {
  return moment.slice(0, 10);
}

/** Whether a layer is one of those that a selector lists. */
export function coversLayer(
  listed: readonly (number | string)[] | undefined,
  layer: number,
): boolean {
  return (
    listed === undefined ||
    listed.some((entry) => {
      if (typeof entry === "number") return entry === layer;
      const [first = NaN, last = NaN] = entry.split("-").map(Number);
      return first <= layer && layer <= last;
    })
  );
}

/** Whether a selector is about this variable, whatever its sites and words. */
export function namesVariable(selector: Selector, { audit, variable }: Excusable): boolean {
  return (
    (selector.audit === undefined || selector.audit === audit) &&
    (selector.variable === undefined || selector.variable === variable)
  );
}

/** Whether a site lies where a selector looks. */
export function coversPlace(
  { layers, roles }: Selector,
  site: Pick<SiteVerdict, "layer" | "role">,
): boolean {
  return coversLayer(layers, site.layer) && (roles === undefined || roles.includes(site.role));
}

/** The words of a site: a loss of a variable that has moved is also part of the move. */
function wordsOf(site: SiteVerdict, variable: Excusable): readonly VariableWord[] {
  const isMove = site.verdict === "lost" && variable.verdict === "moved";
  return isMove ? ["lost", "moved"] : [site.verdict];
}

function includesAny(
  words: readonly VariableWord[],
  wanted: readonly VariableWord[] | undefined,
): boolean {
  return wanted === undefined || words.some((word) => wanted.includes(word));
}

/** Without layers and roles an entry stands for the variable as a whole, where it means its verdict. */
function coversWhole({ layers, roles, verdicts }: Selector, { verdict }: Excusable): boolean {
  return layers === undefined && roles === undefined && includesAny([verdict], verdicts);
}

/**
 * What the entries of a policy say of a variable whose verdict closes the gate; nothing of any other.
 *
 * @param today - day (UTC), `2026-03-04`; needed where the policy holds waivers.
 * @throws {@link InvariantError} for waivers without a day.
 */
export function findExcuses(
  variable: Excusable,
  policy: Policy,
  today: string | undefined,
): readonly Excuse[] {
  const { closesGate } = policy;
  if (!closesGate.includes(variable.verdict)) return [];
  return entriesOf(policy).flatMap(({ selector, expires }): readonly Excuse[] => {
    if (!namesVariable(selector, variable)) return [];
    const isWhole = coversWhole(selector, variable);
    const sites = variable.sites.filter((site) => {
      const words = wordsOf(site, variable);
      if (!includesAny(words, closesGate) || !coversPlace(selector, site)) return false;
      return isWhole || includesAny(words, selector.verdicts);
    });
    if (!isWhole && sites.length === 0) return [];
    return [
      {
        kind: expires === undefined ? "allowed" : isExpired(expires, today) ? "expired" : "waived",
        reason: selector.reason,
        ...(expires === undefined ? {} : { expires }),
        isWhole,
        sites: sites.map(({ layer, role, k, seed }) => ({ layer, role, k, seed })),
      },
    ];
  });
}

/** A waiver holds to the end of its day; days of ISO 8601 sort as text. */
function isExpired(expires: string, today: string | undefined): boolean {
  invariant(today !== undefined, "waivers were judged without a day");
  return today > expires;
}

/** The sites that are left when those of excuses that hold are taken away. */
export function withoutExcused(
  sites: readonly SiteVerdict[],
  excuses: readonly Excuse[],
): readonly SiteVerdict[] {
  const held = excuses.filter(({ kind }) => kind !== "expired").flatMap((excuse) => excuse.sites);
  return sites.filter((site) => !held.some((other) => isSameSite(site, other)));
}

/** Whether both are the same site. */
export function isSameSite(a: Excuse["sites"][number], b: Excuse["sites"][number]): boolean {
  return a.layer === b.layer && a.role === b.role && a.k === b.k && a.seed === b.seed;
}
