/**
 * @file JSON that strangers wrote: nested no deeper than a person would, and no key twice (`JSON.parse` keeps the last
 * of two equal keys, and what walks the value afterwards overflows the stack on deep ones).
 */

/** Levels of nesting that are read; configurations and headers have fewer than ten. */
export const LARGEST_JSON_DEPTH = 100;

/** The value of a JSON text, or why there is none, in words for `found`. */
export type JsonRead =
  | { readonly kind: "ok"; readonly value: unknown }
  | { readonly kind: "bad"; readonly found: string; readonly cause?: unknown };

/** Parses a JSON text. */
export function readJson(text: string): JsonRead {
  const { depth, keys } = scan(text);
  if (depth > LARGEST_JSON_DEPTH)
    return { kind: "bad", found: `JSON nested deeper than ${LARGEST_JSON_DEPTH} levels` };
  try {
    const value: unknown = JSON.parse(text);
    const repeated = repeatedKey(text, keys);
    if (repeated === undefined) return { kind: "ok", value };
    return { kind: "bad", found: `the key ${showKey(repeated)} twice in one object` };
  } catch (cause) {
    return { kind: "bad", found: cause instanceof Error ? cause.message : String(cause), cause };
  }
}

interface Key {
  /** Number of the object that holds it. */
  readonly object: number;
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN = new Set([0x5b, 0x7b]); // [ {
const CLOSE = new Set([0x5d, 0x7d]); // ] }

/** One look over the text; what it finds means something only where the text parses. */
function scan(text: string): { readonly depth: number; readonly keys: readonly Key[] } {
  const keys: Key[] = [];
  const open: number[] = [];
  let objects = 0;
  let depth = 0;
  let last = { start: 0, end: 0 };
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      last = { start: at, end };
      at = end - 1;
    } else if (code === COLON) keys.push({ object: open.at(-1) ?? 0, ...last });
    else if (OPEN.has(code)) {
      open.push(++objects);
      depth = Math.max(depth, open.length);
      if (depth > LARGEST_JSON_DEPTH) break;
    } else if (CLOSE.has(code)) open.pop();
  }
  return { depth, keys };
}

/** Position after the closing quote of the string that starts at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

function repeatedKey(text: string, keys: readonly Key[]): string | undefined {
  const seen = new Map<number, Set<string>>();
  for (const { object, start, end } of keys) {
    const key = JSON.parse(text.slice(start, end)) as string; // the whole text parsed, so this is a JSON string
    const names = seen.get(object);
    if (names === undefined) seen.set(object, new Set([key]));
    else if (names.has(key)) return key;
    else names.add(key);
  }
  return undefined;
}

function showKey(key: string): string {
  return JSON.stringify(key.length <= 60 ? key : `${key.slice(0, 57)}...`);
}
