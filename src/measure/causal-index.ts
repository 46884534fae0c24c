/**
 * @file The causal model of one audit and variable as plain numbers per item: all that measuring needs to know of it.
 */
import { PlanError, present } from "../errors.js";
import type { Assignment, CausalAudit, Scalar } from "../plan/audit.js";

/** One causal question over a list of items. A group is one joint value of the outcome's variables. */
export interface CausalIndex {
  /** `[item]`, index of the item's value of the variable under test. */
  readonly value: Int32Array;
  readonly nValues: number;
  /** `[item]`, group index. */
  readonly group: Int32Array;
  /** `[group]`, the joint values, joined with `|`. */
  readonly groupNames: readonly string[];
  /** `[group, value]`: the group that setting the variable under test to `value` leads to. */
  readonly swapped: Int32Array;
  /** `[group]`, class index that the causal model answers. */
  readonly answer: Int32Array;
  readonly classes: readonly string[];
}

/**
 * Indexes the items of an audit for one variable under test; groups are all joint values, seen or not.
 *
 * @throws {@link PlanError} when the outcome does not depend on `variable`, or an item holds an unknown value.
 */
export function indexCausalModel(
  audit: Pick<CausalAudit, "variables" | "by" | "answers" | "outcome">,
  variable: string,
  items: readonly { readonly values: Assignment }[],
): CausalIndex {
  const classes = Object.keys(audit.answers);
  const values = present(audit.variables[variable], `variable ${variable}`);
  const groups = jointValues(audit);
  const groupNames = groups.map((values) => groupName(audit, values));
  const indexOf = new Map(groupNames.map((name, i) => [name, i]));
  const find = (values: Assignment, where: string): number =>
    known(indexOf.get(groupName(audit, values)), groupName(audit, values), where);
  return {
    value: Int32Array.from(items, (item, i) =>
      known(indexIn(values, item.values[variable]), item.values[variable], `items[${i}]`),
    ),
    nValues: values.length,
    group: Int32Array.from(items, ({ values }, i) => find(values, `items[${i}]`)),
    groupNames,
    swapped: Int32Array.from(
      groups.flatMap((group) =>
        values.map((value) => find({ ...group, [variable]: value }, variable)),
      ),
    ),
    answer: Int32Array.from(groups, (group) => {
      const answer = audit.outcome(group);
      return known(indexIn(classes, answer), answer, "outcome");
    }),
    classes,
  };
}

/** The name of an item's group: the values of the outcome's variables, joined with `|`. */
export function groupName({ by }: Pick<CausalAudit, "by">, values: Assignment): string {
  return by.map((name) => String(present(values[name], name))).join("|");
}

function jointValues({ by, variables }: Pick<CausalAudit, "by" | "variables">): Assignment[] {
  return by.reduce<Assignment[]>(
    (done, name) =>
      done.flatMap((values) =>
        present(variables[name], name).map((value) => ({ ...values, [name]: value })),
      ),
    [{}],
  );
}

function indexIn(list: readonly Scalar[], value: Scalar | undefined): number | undefined {
  const index = list.findIndex((known) => known === value);
  return index < 0 ? undefined : index;
}

function known(index: number | undefined, value: Scalar | undefined, where: string): number {
  if (index !== undefined) return index;
  throw new PlanError(`${where}: ${JSON.stringify(value)} is not declared by the audit`, {
    code: "UNKNOWN_VALUE",
    where,
    expected: "a value or class that the audit declares",
    found: JSON.stringify(value),
  });
}
