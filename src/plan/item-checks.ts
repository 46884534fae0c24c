/**
 * @file What the items of an audit file promise: one input, known values, spans inside the input, the same span names
 * everywhere, no prompt twice, and the kind of input that the answers are made for.
 */
import type { Item } from "./audit.js";
import type { AuditParts, FileItem, Mistake } from "./audit-checks.js";
import type { AuditFile } from "./audit-schema.js";
import { didYouMean, listNames } from "./did-you-mean.js";
import { itemText, spanUnits } from "./item-text.js";
import { showValue } from "./json-path.js";
import { listText } from "./list-text.js";

/** Every promise of the items that is broken. */
export function checkItems({ items, variables, answers }: AuditParts): readonly Mistake[] {
  return [
    ...items.flatMap((item, i) => (item === undefined ? [] : checkItem(item, i, variables))),
    ...checkSpanNames(items),
    ...(answers === undefined ? [] : checkKinds(items, answers)),
    ...checkRepeated(items),
  ];
}

function checkItem(
  item: FileItem,
  i: number,
  variables: AuditFile["variables"] | undefined,
): readonly Mistake[] {
  return [
    ...checkInput(item, i),
    ...(variables === undefined ? [] : checkValues(item, i, variables)),
    ...checkSpans(item, i),
  ];
}

function inputsOf(item: FileItem): readonly string[] {
  return (["prompt", "messages", "ids"] as const).filter((key) => item[key] !== undefined);
}

function checkInput(item: FileItem, i: number): readonly Mistake[] {
  const used = inputsOf(item);
  if (used.length !== 1) {
    const expected = "exactly one of prompt, messages and ids";
    return [
      { path: ["items", i], expected, found: used.length === 0 ? "none" : used.join(" and ") },
    ];
  }
  return checkTurns(item, i);
}

/** A chat ends with the user, or with the beginning of the assistant's answer to the user. */
function checkTurns({ messages = [] }: FileItem, i: number): readonly Mistake[] {
  const asked = messages.length - (messages.at(-1)?.role === "assistant" ? 2 : 1);
  const role = messages[asked]?.role;
  if (messages.length === 0 || role === "user") return [];
  const path = ["items", i, "messages", Math.max(0, asked), "role"];
  if (role === undefined) {
    return [{ path, expected: '"user" before the first "assistant"', found: "no message" }];
  }
  const expected =
    '"user" in the last message, or before a last "assistant" that begins the answer';
  return [{ path, expected, found: showValue(role) }];
}

function checkValues(
  { values }: FileItem,
  i: number,
  variables: AuditFile["variables"],
): readonly Mistake[] {
  const names = Object.keys(variables);
  const extra = Object.keys(values).filter((name) => !names.includes(name));
  const wrong = Object.entries(variables).flatMap(([name, known]): readonly Mistake[] => {
    const path = ["items", i, "values", name];
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined && known.includes(value)) return [];
    const texts = known.map(String);
    const expected = `one of ${listText(known.map(showValue))}`;
    const hint = typeof value === "string" ? didYouMean(value, texts) : {};
    return [{ path, expected, found: showValue(value), ...hint }];
  });
  return [
    ...extra.map((name) => ({
      path: ["items", i, "values", name],
      expected: `one of the variables ${listNames(names)}`,
      found: `the key ${showValue(name)}`,
      ...didYouMean(name, names),
    })),
    ...wrong,
  ];
}

function checkSpans(item: FileItem, i: number): readonly Mistake[] {
  if (inputsOf(item).length !== 1) return [];
  const plain = plainItem(item);
  const length = spanUnits(plain).length;
  const unit = item.ids === undefined ? "characters" : "tokens";
  const of = item.messages === undefined ? "" : " of the last user message";
  return Object.entries(item.spans ?? {}).flatMap(([name, [start, end]]): readonly Mistake[] => {
    const path = ["items", i, "spans", name];
    if (name === "last") {
      const expected = 'a name other than "last", which is the last prompt token';
      return [{ path, expected, found: '"last"' }];
    }
    if (start < end && end <= length) return [];
    const expected = `[start, end] with start < end <= ${length} ${unit}${of}`;
    return [{ path, expected, found: `[${start}, ${end}]` }];
  });
}

/** An item without keys that are `undefined`, as the audit contract wants it. */
export function plainItem(item: FileItem): Item {
  const { prompt, messages, ids, values, spans, group } = item;
  return {
    ...(prompt === undefined ? {} : { prompt }),
    ...(messages === undefined ? {} : { messages }),
    ...(ids === undefined ? {} : { ids }),
    values,
    ...(spans === undefined ? {} : { spans }),
    ...(group === undefined ? {} : { group }),
  };
}

/** Span names that are told one by one; each is looked for in all items. */
const SHOWN_NAMES = 20;

function checkSpanNames(items: AuditParts["items"]): readonly Mistake[] {
  const whole = items.filter((item) => item !== undefined);
  const count = new Map<string, number>();
  for (const item of whole) {
    for (const name of Object.keys(item.spans ?? {})) count.set(name, (count.get(name) ?? 0) + 1);
  }
  const names = [...count.keys()];
  const partial = names
    .filter((name) => (count.get(name) ?? 0) < whole.length)
    .slice(0, SHOWN_NAMES);
  return partial.map((name) => {
    const n = count.get(name) ?? 0;
    // name the rarer side: the one item that has it, or the first that lacks it
    const rare = n <= whole.length / 2;
    const i = items.findIndex((item) => item && Object.hasOwn(item.spans ?? {}, name) === rare);
    return {
      path: rare ? ["items", i, "spans", name] : ["items", i, "spans"],
      expected: `the span ${showValue(name)} in every item or in none`,
      found: `it in ${n} of ${whole.length}`,
      ...didYouMean(
        name,
        names.filter((other) => other !== name),
      ),
    };
  });
}

function checkKinds(items: AuditParts["items"], answers: AuditFile["answers"]): readonly Mistake[] {
  const forms = Object.values(answers).flat();
  const texts = forms.every((form) => typeof form === "string");
  const lists = forms.every((form) => typeof form !== "string");
  return items.flatMap((item, i): readonly Mistake[] => {
    if (item === undefined || forms.length === 0 || inputsOf(item).length !== 1) return [];
    if (item.ids !== undefined && texts) {
      const found = "ids, while the answers are texts";
      return [{ path: ["items", i], expected: "prompt or messages", found, hint: IDS }];
    }
    if (item.ids === undefined && lists) {
      const found = "text, while the answers are token ids";
      return [{ path: ["items", i], expected: "ids", found, hint: IDS }];
    }
    return [];
  });
}

const IDS = "items of ids need answers such as [[17]], items of text need texts";

/** Same prompt twice: a copy counts twice and may stand in two splits; with other values it contradicts itself. */
function checkRepeated(items: AuditParts["items"]): readonly Mistake[] {
  const first = new Map<string, number>();
  return items.flatMap((item, i): readonly Mistake[] => {
    if (item === undefined) return [];
    const key = itemText(plainItem(item));
    const seen = first.get(key);
    if (seen === undefined) {
      first.set(key, i);
      return [];
    }
    const other = items[seen];
    const clash = Object.keys(item.values).find(
      (name) => item.values[name] !== other?.values[name],
    );
    const said = clash === undefined ? "the same values" : `another value of ${showValue(clash)}`;
    const found = `${showValue(key)} as in items[${seen}], with ${said}`;
    return [{ path: ["items", i], expected: "every prompt once", found }];
  });
}
