/**
 * @file Reads YAML written by a person: every fault and every value has its line and column. JSON is YAML too, so one
 * reader serves both. Not here: aliases and tags (a settings file needs neither, and they make a small file large).
 */
import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type Node,
  type YAMLError,
} from "yaml";
import type { JsonPath } from "./json-path.js";
import type { TextPlace } from "./json-text.js";

/** Something that is no YAML, or that is not read. */
export interface YamlFault {
  readonly at: TextPlace;
  readonly expected: string;
  readonly found: string;
}

/** The value of a text with the places of its parts, or every fault of it. */
export type YamlRead =
  | { readonly kind: "bad"; readonly faults: readonly YamlFault[] }
  | {
      readonly kind: "ok";
      readonly value: unknown;
      /** Place of the key or the value that `path` leads to, or of the nearest thing around it. */
      readonly placeOf: (path: JsonPath, part: "key" | "value") => TextPlace;
    };

/** Levels of nesting; composing recurses, and a deep text would end the process. */
const MOST_LEVELS = 64;
/** Signs of a text that are shown. */
const SHOWN = 40;

/** Reads a text of at most some hundred kilobytes. */
export function readYaml(text: string): YamlRead {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const placeAt = (offset: number): TextPlace => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const deep = tokens.find((token) => levelsOf(token) > MOST_LEVELS);
  if (deep !== undefined) {
    const expected = `at most ${MOST_LEVELS} levels of nesting`;
    return { kind: "bad", faults: [{ at: placeAt(deep.offset), expected, found: "more" }] };
  }
  const documents = [
    ...new Composer({ prettyErrors: false, stringKeys: true }).compose(tokens, true, text.length),
  ];
  const faults = documents.flatMap((document, i) => [
    ...(i === 0 ? [] : [faultOfSecond(placeAt(document.range[0]))]),
    ...document.errors.map((error) => faultOf(error, text, placeAt)),
    ...refuseIndirect(document, placeAt),
  ]);
  const [document] = documents;
  if (document === undefined || faults.length > 0) return { kind: "bad", faults };
  return {
    kind: "ok",
    value: document.toJS(),
    placeOf: (path, part) => placeAt(offsetOf(document, path, part)),
  };
}

/** Depth of a token, found without recursion. */
function levelsOf(token: CST.Token): number {
  let deepest = 0;
  const open: { readonly token: CST.Token; readonly level: number }[] = [{ token, level: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { level } = next;
    deepest = Math.max(deepest, level);
    for (const inner of partsOf(next.token)) open.push({ token: inner, level: level + 1 });
  }
  return deepest;
}

function partsOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === "document") return token.value === undefined ? [] : [token.value];
  if (!("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((part) => part != null));
}

function faultOfSecond(at: TextPlace): YamlFault {
  return { at, expected: "one document", found: "another one" };
}

/** What is wrong in words of ours, where the parser's own would not help; otherwise in its words. */
const EXPECTED: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  DUPLICATE_KEY: "every key once",
  TAB_AS_INDENT: "spaces at the start of a line, not tabs",
  NON_STRING_KEY: "a name as key",
};

function faultOf(
  { code, message, pos }: YAMLError,
  text: string,
  placeAt: (offset: number) => TextPlace,
): YamlFault {
  const rest = text.slice(pos[0]).split("\n", 1)[0]?.trim() ?? "";
  const found = rest === "" ? "the end of the line" : JSON.stringify(cut(rest));
  const expected = EXPECTED[code] ?? `YAML or JSON (${message})`;
  return { at: placeAt(pos[0]), expected, found };
}

function refuseIndirect(
  document: Document.Parsed,
  placeAt: (offset: number) => TextPlace,
): readonly YamlFault[] {
  const faults: YamlFault[] = [];
  visit(document, {
    Node: (_key, node) => {
      const found = isAlias(node)
        ? `the alias "*${node.source}"`
        : node.tag === undefined
          ? undefined
          : `the tag "${node.tag}"`;
      if (found === undefined) return;
      const at = placeAt(node.range?.[0] ?? 0);
      faults.push({ at, expected: "values written out", found: cut(found) });
    },
  });
  return faults;
}

function cut(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 3)}...`;
}

/** Walks as far along `path` as the document goes. */
function offsetOf(document: Document.Parsed, path: JsonPath, part: "key" | "value"): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    const entry = entryOf(node, step);
    if (entry === undefined) return offset;
    const value = entry.value?.range?.[0] ?? entry.key;
    offset = part === "key" ? (entry.key ?? value ?? offset) : (value ?? offset);
    node = entry.value;
  }
  return offset;
}

interface Entry {
  /** Offset of the key; a list has none. */
  readonly key: number | undefined;
  readonly value: Node | null;
}

function entryOf(node: Node | null, step: string | number): Entry | undefined {
  if (isSeq(node)) {
    const value = typeof step === "number" ? node.items[step] : undefined;
    return isNode(value) ? { key: undefined, value } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  if (pair === undefined) return undefined;
  const key = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
  return { key, value: isNode(pair.value) ? pair.value : null };
}
