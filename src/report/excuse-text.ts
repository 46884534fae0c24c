/**
 * @file Allowances and waivers as views show them.
 */
import { isSameSite } from "../verdict/excuses.js";
import { writeExcuse } from "../verdict/excuse-sentences.js";
import type { Excuse, SiteVerdict, VariableVerdict } from "../verdict/verdicts.js";
import type { Result } from "./schema.js";

/** `“v” is waived until 2030-12-31: reason`, once per variable and excuse, expired ones included. */
export function excuseSentences({ variables }: Pick<Result, "variables">): readonly string[] {
  return variables.flatMap(({ variable, excuses = [], sites }) =>
    excuses.map((excuse) => `“${variable}” is ${writeExcuse(excuse, sites)}`),
  );
}

/** The excuse that holds for a site; the first where there are several. */
export function excuseOf({ excuses = [] }: VariableVerdict, site: SiteVerdict): Excuse | undefined {
  return excuses.find(
    ({ kind, sites }) => kind !== "expired" && sites.some((other) => isSameSite(site, other)),
  );
}

/** The first excuse of a variable that holds. */
export function heldExcuse({ excuses = [] }: VariableVerdict): Excuse | undefined {
  return excuses.find(({ kind }) => kind !== "expired");
}

/** Whether a variable closes the gate of its result. */
export function closesGate({ policy }: Pick<Result, "policy">, variable: VariableVerdict): boolean {
  return policy.closesGate.includes(variable.verdict) && variable.isExcused !== true;
}
