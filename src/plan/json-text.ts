/**
 * @file Reads JSON written by a person: a syntax error gets a line and a column, and a key that is written twice is
 * found (`JSON.parse` says neither: it names no place for many errors and keeps the last of two equal keys).
 * Not a parser of its own: values come from `JSON.parse`; the scanner here only looks.
 */
import { present } from "../errors.js";

/** Place in a text, both counted from 1; the column in UTF-16 units, as editors count. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** What the scanner saw: the first syntax error, or every key that stands twice in one object. */
export type JsonScan =
  | { readonly kind: "error"; readonly at: TextPlace; readonly expected: string }
  | { readonly kind: "ok"; readonly repeated: readonly RepeatedKey[] };

/** A key that an object holds twice. */
export interface RepeatedKey {
  readonly path: readonly (string | number)[];
  readonly at: TextPlace;
}

/** Looks over `text` once. */
export function scanJson(text: string): JsonScan {
  const scanner = new Scanner(text);
  try {
    scanner.document();
    return {
      kind: "ok",
      repeated: scanner.repeated.map(({ path, offset }) => ({ path, at: placeOf(text, offset) })),
    };
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    return { kind: "error", at: placeOf(text, error.offset), expected: error.expected };
  }
}

function placeOf(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: present(before.at(-1), "last line").length + 1 };
}

class Unexpected extends Error {
  constructor(
    readonly offset: number,
    readonly expected: string,
  ) {
    super(expected);
  }
}

const SPACE = /[ \t\n\r]*/y;
/** Runs of plain signs between escapes: one alternative per sign would fill the matcher's stack on long texts. */
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Repeated keys that are told; each holds its path. */
const MAX_REPEATED = 100;

/** Levels of nesting; an audit file has five, and the scanner's own stack grows with them. */
const MAX_DEPTH = 64;

/** Recursive descent over RFC 8259. */
class Scanner {
  readonly repeated: { readonly path: readonly (string | number)[]; readonly offset: number }[] =
    [];
  private offset = 0;
  private readonly path: (string | number)[] = [];

  constructor(private readonly text: string) {}

  document(): void {
    this.value();
    if (this.offset < this.text.length) this.fail("the end of the file");
  }

  private value(): void {
    this.take(SPACE);
    const first = this.text[this.offset];
    if (this.path.length >= MAX_DEPTH && (first === "{" || first === "["))
      this.fail(`at most ${MAX_DEPTH} levels of nesting`);
    if (first === "{") this.object();
    else if (first === "[") this.array();
    else if (first === '"') this.string();
    else if (this.take(SCALAR) === undefined) this.fail("a value");
    this.take(SPACE);
  }

  private object(): void {
    const seen = new Set<string>();
    this.sequence("}", () => {
      const offset = this.offset;
      // the quoted text has just been matched as a JSON string, so it parses to one
      const key = JSON.parse(this.string()) as string;
      this.path.push(key);
      if (seen.has(key) && this.repeated.length < MAX_REPEATED)
        this.repeated.push({ path: [...this.path], offset });
      seen.add(key);
      this.take(SPACE);
      this.expect(":");
      this.value();
      this.path.pop();
    });
  }

  private array(): void {
    let index = 0;
    this.sequence("]", () => {
      this.path.push(index++);
      this.value();
      this.path.pop();
    });
  }

  /** Members between an opening sign and `close`, separated by commas. */
  private sequence(close: "}" | "]", member: () => void): void {
    this.offset++;
    this.take(SPACE);
    if (this.text[this.offset] === close) {
      this.offset++;
      return;
    }
    for (;;) {
      this.take(SPACE);
      member();
      this.take(SPACE);
      if (this.text[this.offset] === close) break;
      if (this.text[this.offset] !== ",") this.fail(`"," or "${close}"`);
      this.offset++;
    }
    this.offset++;
  }

  private string(): string {
    return this.take(STRING) ?? this.fail("a text in double quotes");
  }

  private expect(sign: string): void {
    if (this.text[this.offset] !== sign) this.fail(`"${sign}"`);
    this.offset++;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0];
    this.offset += found?.length ?? 0;
    return found;
  }

  private fail(expected: string): never {
    throw new Unexpected(this.offset, expected);
  }
}
