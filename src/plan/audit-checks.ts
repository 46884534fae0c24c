/**
 * @file What the parts of an audit file promise about each other. Each check sees only parts of the right shape, so
 * that one mistake does not hide the others and none is reported twice.
 */
import type { AuditFile } from "./audit-schema.js";
import { didYouMean, listNames, nearest } from "./did-you-mean.js";
import { checkItems } from "./item-checks.js";
import { formatPath, showValue, type JsonPath } from "./json-path.js";

/** One thing that is wrong, and where. */
export interface Mistake {
  readonly path: JsonPath;
  readonly expected: string;
  readonly found: string;
  readonly hint?: string;
}

/** An item as it stands in a file. */
export type FileItem = AuditFile["items"][number];

/** The parts of a file that have the right shape; `items` keeps the places of the others. */
export interface AuditParts {
  readonly variables: AuditFile["variables"] | undefined;
  readonly answers: AuditFile["answers"] | undefined;
  readonly outcome: AuditFile["outcome"] | undefined;
  readonly items: readonly (FileItem | undefined)[];
}

/** Sign between the values of `outcome.by` in a key of `outcome.table`. */
export const JOIN = "|";

/** Every promise that is broken, in no particular order. */
export function checkParts(parts: AuditParts): readonly Mistake[] {
  const { variables, answers, outcome } = parts;
  return [
    ...(variables === undefined ? [] : checkVariables(variables)),
    ...(variables && outcome ? checkBy(outcome, variables) : []),
    ...(variables && outcome ? checkTable(outcome, variables) : []),
    ...(outcome && answers ? checkClasses(outcome, answers) : []),
    ...(outcome === undefined ? [] : checkConstant(outcome)),
    ...(variables && outcome ? checkIdle(outcome, variables) : []),
    ...(answers === undefined ? [] : checkForms(answers)),
    ...checkItems(parts),
    ...checkReached(parts),
  ];
}

function checkVariables(variables: AuditFile["variables"]): readonly Mistake[] {
  if (Object.keys(variables).length === 0) {
    return [{ path: ["variables"], expected: "at least one variable", found: "{}" }];
  }
  return Object.entries(variables).flatMap(([name, values]) =>
    values.flatMap((value, i): readonly Mistake[] => {
      const path = ["variables", name, i];
      if (String(value).includes(JOIN)) {
        return [{ path, expected: `a value without "${JOIN}"`, found: showValue(value) }];
      }
      const first = values.findIndex((other) => String(other) === String(value));
      if (first === i) return [];
      const at = formatPath(["variables", name, first]);
      return [{ path, expected: "every value once", found: `${showValue(value)}, as in ${at}` }];
    }),
  );
}

type Outcome = AuditFile["outcome"];

function checkBy({ by }: Outcome, variables: AuditFile["variables"]): readonly Mistake[] {
  const names = Object.keys(variables);
  return by.flatMap((name, i): readonly Mistake[] => {
    const path = ["outcome", "by", i];
    if (!names.includes(name)) {
      const expected = `one of ${listNames(names)}`;
      return [{ path, expected, found: showValue(name), ...didYouMean(name, names) }];
    }
    if (by.indexOf(name) === i) return [];
    return [{ path, expected: "every variable once", found: `${showValue(name)} again` }];
  });
}

/** Lines of an outcome table that a person could have thought through. */
const LARGEST_TABLE = 10_000;
/** Keys too many that are told one by one. */
const SHOWN_KEYS = 20;

/** How many lines the table must have: the product of the numbers of values, which a short file can make absurd. */
function tableSize({ by }: Outcome, variables: AuditFile["variables"]): number {
  return by.reduce((size, name) => size * (variables[name]?.length ?? 0), 1);
}

/** Keys of a complete table, in the order of the values. */
function tableKeys({ by }: Outcome, variables: AuditFile["variables"]): readonly string[] {
  return by.reduce<readonly string[]>(
    (keys, name, i) =>
      keys.flatMap((key) =>
        (variables[name] ?? []).map((value) => (i === 0 ? String(value) : `${key}${JOIN}${value}`)),
      ),
    [""],
  );
}

function checkTable(outcome: Outcome, variables: AuditFile["variables"]): readonly Mistake[] {
  if (outcome.by.some((name) => !Object.hasOwn(variables, name))) return [];
  const path: JsonPath = ["outcome", "table"];
  const size = tableSize(outcome, variables);
  if (size > LARGEST_TABLE) {
    const count = Number.isSafeInteger(size) ? String(size) : size.toExponential(0);
    const expected = `variables with at most ${LARGEST_TABLE} combinations of values`;
    return [{ path: ["outcome", "by"], expected, found: `${count} combinations` }];
  }
  const wanted = tableKeys(outcome, variables);
  const present = Object.keys(outcome.table);
  const absent = without(wanted, present);
  const extras = without(present, wanted);
  const extra = extras.slice(0, SHOWN_KEYS);
  // a misspelt key is one mistake, not an unknown key and a missing one
  const meant = extra.map((key) => nearest(key, absent));
  const missing = absent.filter((key) => !meant.includes(key));
  return [
    ...extra.map((key) => ({
      path: [...path, key],
      expected: `values of ${listNames(outcome.by)} joined by "${JOIN}", such as ${listNames(wanted.slice(0, 1))}`,
      found: `the key ${showValue(key)}`,
      ...didYouMean(key, absent),
    })),
    ...(extras.length === extra.length
      ? []
      : [{ path, expected: "no other keys", found: `${extras.length - extra.length} more` }]),
    ...(missing.length === 0
      ? []
      : [
          {
            path,
            expected: `the keys ${listNames(missing)} too`,
            found: `only ${listNames(present)}`,
          },
        ]),
  ];
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return names.filter((name) => !known.has(name));
}

function checkClasses({ table }: Outcome, answers: AuditFile["answers"]): readonly Mistake[] {
  const classes = Object.keys(answers);
  const known = new Set(classes);
  const unknown = Object.entries(table).filter(([, name]) => !known.has(name));
  // while an entry is misspelt, the class that it meant would look unused
  const unused = unknown.length > 0 ? [] : without(classes, Object.values(table));
  return [
    ...unknown.map(([key, name]) => ({
      path: ["outcome", "table", key],
      expected: `one of the answer classes ${listNames(classes)}`,
      found: showValue(name),
      ...didYouMean(name, classes),
    })),
    ...unused.map((name) => ({
      path: ["answers", name],
      expected: "a class that the outcome table gives",
      found: `none of its entries gives ${showValue(name)}`,
    })),
  ];
}

function checkConstant({ table }: Outcome): readonly Mistake[] {
  const [first, ...others] = Object.values(table);
  if (first === undefined || others.length === 0 || others.some((name) => name !== first))
    return [];
  const found = `always ${showValue(first)}`;
  const expected = "at least two different outcomes";
  return [{ path: ["outcome", "table"], expected, found, hint: CONSTANT }];
}

/** A variable that is under test but changes no outcome: every pair of it would be left out. */
function checkIdle(outcome: Outcome, variables: AuditFile["variables"]): readonly Mistake[] {
  const { by, table } = outcome;
  const isChecked = by.every((name) => Object.hasOwn(variables, name));
  if (!isChecked || tableSize(outcome, variables) > LARGEST_TABLE) return [];
  const keys = tableKeys(outcome, variables);
  const outcomes = new Set(keys.map((key) => table[key]));
  if (outcomes.has(undefined) || outcomes.size < 2) return [];
  return by.flatMap((name, i): readonly Mistake[] => {
    const others = (key: string): string => key.split(JOIN).toSpliced(i, 1).join(JOIN);
    const byOthers = new Map(keys.map((key) => [others(key), table[key]]));
    if (keys.some((key) => byOthers.get(others(key)) !== table[key])) return [];
    const found = `the same outcome for all values of ${showValue(name)}`;
    return [{ path: ["outcome", "by", i], expected: "a variable that changes the outcome", found }];
  });
}

const CONSTANT = "where the outcome never changes, no swap can be seen";

function checkForms(answers: AuditFile["answers"]): readonly Mistake[] {
  const first = Object.values(answers)[0]?.[0];
  const kind = typeof first;
  return Object.entries(answers).flatMap(([name, forms]) =>
    forms.flatMap((form, i): readonly Mistake[] =>
      typeof form === kind
        ? []
        : [
            {
              path: ["answers", name, i],
              expected:
                kind === "string"
                  ? "a text, as the forms before"
                  : "token ids, as the forms before",
              found: showValue(form),
            },
          ],
    ),
  );
}

/** Every class must be the outcome of some item, or nothing can be swapped into it. */
function checkReached({ outcome, answers, variables, items }: AuditParts): readonly Mistake[] {
  if (outcome === undefined || answers === undefined || variables === undefined) return [];
  if (items.length === 0 || items.some((item) => item === undefined)) return [];
  const reached = new Set(
    items.map((item) => outcome.table[keyOf(outcome.by, item?.values ?? {})]),
  );
  const given = new Set(Object.values(outcome.table));
  if (reached.has(undefined) || reached.size >= Math.min(2, given.size)) return [];
  const found = `only items that answer ${[...reached].map(showValue).join()}`;
  return [{ path: ["items"], expected: "items of at least two outcomes", found, hint: CONSTANT }];
}

/** Key of the outcome table for these values. */
export function keyOf(
  by: readonly string[],
  values: Readonly<Record<string, string | number>>,
): string {
  return by.map((name) => String(values[name])).join(JOIN);
}
