/**
 * @file How an allowance, a waiver and an expired waiver read.
 */
import { writePlaces } from "./places.js";
import { writeList } from "./sentences.js";
import type { Excuse, VariableVerdict, VariableWord } from "./verdicts.js";

/** `waived until 2030-12-31: reason`; with `examined`, also where. */
export function writeExcuse(excuse: Excuse, examined?: VariableVerdict["sites"]): string {
  const { kind, reason, expires = "", isWhole, sites } = excuse;
  const places = examined === undefined || isWhole ? "" : ` at ${writePlaces(sites, examined)}`;
  const heads: Readonly<Record<Excuse["kind"], string>> = {
    allowed: `allowed${places}`,
    waived: `waived until ${expires}${places}`,
    expired: `no longer waived${places} since ${expires} is over`,
  };
  return `${heads[kind]}: ${reason}`;
}

/** What the policy says of a variable, each excuse with its places; then what is left of it, where that closes the gate. */
export function writeExcuses(
  {
    excuses,
    sites,
  }: { readonly excuses: readonly Excuse[]; readonly sites: VariableVerdict["sites"] },
  left: VariableWord | undefined,
): readonly string[] {
  const told = excuses.map((excuse) => writeExcuse(excuse, sites));
  const isPartly = left !== undefined && excuses.some(({ kind }) => kind !== "expired");
  return isPartly ? [...told, `what is left is called ${left}, which closes the gate`] : told;
}

/** Every different excuse of a variable that holds, on one line. */
export function writeHeld({ excuses = [] }: Pick<VariableVerdict, "excuses">): string {
  const held = excuses.filter(({ kind }) => kind !== "expired");
  return writeList([...new Set(held.map((excuse) => writeExcuse(excuse)))]);
}
