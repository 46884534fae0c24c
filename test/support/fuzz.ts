/**
 * @file Damage on purpose, from a fixed seed, and the two promises that every reader keeps: it ends in a value or in an
 * error of ours that says who has to act, and it allocates by what a file holds, never by what the file claims.
 */
import { expect } from "vitest";
import { MasAuditError } from "../../src/errors.js";
import type { Stream } from "../../src/stats/stream.js";

/** Exit codes of a refusal: usage or plan, model, host. */
const REFUSALS: readonly number[] = [2, 3, 5];

/** What a reader made of its input. */
export type Outcome =
  | { readonly kind: "read"; readonly value: unknown }
  | { readonly kind: "refused"; readonly error: MasAuditError };

/** Runs a reader; whatever is not a value or a refusal with all its parts fails the test. */
export function outcomeOf(read: () => unknown, what: string): Outcome {
  try {
    return { kind: "read", value: read() };
  } catch (error) {
    return { kind: "refused", error: checked(error, what) };
  }
}

/** As {@link outcomeOf}, for readers that are asynchronous. */
export async function outcomeOfAsync(read: () => Promise<unknown>, what: string): Promise<Outcome> {
  try {
    return { kind: "read", value: await read() };
  } catch (error) {
    return { kind: "refused", error: checked(error, what) };
  }
}

function checked(error: unknown, what: string): MasAuditError {
  if (!(error instanceof MasAuditError)) {
    throw new Error(`${what}: threw ${String(error)}`, { cause: error });
  }
  if (!REFUSALS.includes(error.exitCode)) {
    throw new Error(`${what}: exit ${error.exitCode}, ${error.message}`, { cause: error });
  }
  const size = `${error.message}${error.where}${error.expected}${error.found}${error.hint}`.length;
  expect(size, `${what}: an error text of ${size} characters`).toBeLessThan(LONGEST_TEXT);
  return error;
}

/** A refusal that fills the terminal helps nobody; a list of 50 mistakes with long names is the longest. */
const LONGEST_TEXT = 40_000;

/** Bytes that the process holds in heap and array buffers. */
function heldBytes(): number {
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return heapUsed + Math.max(arrayBuffers, external);
}

/**
 * Runs `act` and checks that memory never grew by more than `limitBytes` over what was held before: after each step
 * where `act` is told to look, and at the end.
 */
export function withinMemory(limitBytes: number, act: (look: () => void) => void): void {
  const before = heldBytes();
  const look = (): void => {
    const grown = heldBytes() - before;
    expect(grown, `grown by ${Math.round(grown / 2 ** 20)} MiB`).toBeLessThan(limitBytes);
  };
  act(look);
  look();
}

/** Reads `times` times, with memory looked at after each, and counts how it ended. */
export function countOutcomes(
  read: () => Outcome,
  { times, limitBytes }: { readonly times: number; readonly limitBytes: number },
): Readonly<Record<Outcome["kind"], number>> {
  const counts = { read: 0, refused: 0 };
  withinMemory(limitBytes, (look) => {
    for (let i = 0; i < times; i++) {
      counts[read().kind]++;
      look();
    }
  });
  return counts;
}

type Damage = (bytes: Uint8Array, random: Stream) => Uint8Array;

/** Kinds of damage to bytes, each with equal weight. */
const DAMAGES: readonly Damage[] = [
  // one to eight bytes replaced
  (bytes, random) => {
    const out = bytes.slice();
    for (let i = random.int(8); i >= 0; i--) out[random.int(out.length)] = random.int(256);
    return out;
  },
  // one bit turned over
  (bytes, random) => {
    const out = bytes.slice();
    const at = random.int(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << random.int(8));
    return out;
  },
  // cut off
  (bytes, random) => bytes.slice(0, random.int(bytes.length)),
  // a span taken out
  (bytes, random) => {
    const { start, end } = span(bytes, random);
    return join(bytes.subarray(0, start), bytes.subarray(end));
  },
  // a span twice
  (bytes, random) => {
    const { start, end } = span(bytes, random);
    return join(bytes.subarray(0, end), bytes.subarray(start));
  },
  // a span moved elsewhere
  (bytes, random) => {
    const { start, end } = span(bytes, random);
    const rest = join(bytes.subarray(0, start), bytes.subarray(end));
    const at = random.int(rest.length + 1);
    return join(rest.subarray(0, at), bytes.subarray(start, end), rest.subarray(at));
  },
  // a run of 0xff: the longest varints and lengths
  (bytes, random) => {
    const out = bytes.slice();
    out.fill(255, random.int(out.length), random.int(out.length));
    return out;
  },
];

/** A damaged copy of bytes that are not empty. */
export function damage(bytes: Uint8Array, random: Stream): Uint8Array {
  const kind = DAMAGES[random.int(DAMAGES.length)]!;
  return kind(bytes, random);
}

function span(bytes: Uint8Array, random: Stream): { start: number; end: number } {
  const start = random.int(bytes.length);
  return { start, end: Math.min(bytes.length, start + 1 + random.int(64)) };
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Values that a JSON reader does not expect in most places. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  -(2 ** 53),
  4294967296,
  "",
  "constructor",
  "__proto__",
  "\0",
  "\u001b[31m",
  "a".repeat(5000),
  [],
  {},
  [[]],
  [-1],
  [1e20, 1e20],
  { constructor: 1 },
];

/** A copy of a JSON value with one to three places replaced, removed, renamed or nested. */
export function damageJson(value: unknown, random: Stream): unknown {
  let out = structuredClone(value);
  for (let i = random.int(3); i >= 0; i--) out = damageOnce(out, random);
  return out;
}

function damageOnce(value: unknown, random: Stream): unknown {
  const isLeaf = typeof value !== "object" || value === null || Object.keys(value).length === 0;
  if (isLeaf || random.int(6) === 0)
    return structuredClone(ODD_VALUES[random.int(ODD_VALUES.length)]);
  const keys = Object.keys(value);
  const key = keys[random.int(keys.length)]!;
  const object = value as Record<string, unknown>;
  const kind = random.int(8);
  if (kind === 0 && Array.isArray(value)) value.splice(Number(key), 1);
  else if (kind === 0) Reflect.deleteProperty(object, key);
  else if (kind === 1 && !Array.isArray(value)) object[`${key}x`] = object[key];
  else object[key] = damageOnce(object[key], random);
  return value;
}

/** A safetensors file with this header (text or bytes), whatever it says, and these bytes behind it. */
export function safetensorsBytes(
  header: string | Uint8Array,
  behind: Uint8Array = new Uint8Array(),
): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return join(length, text, behind);
}

/** JSON text nested `depth` levels. */
export function deepJson(depth: number, open = '{"a":', close = "}"): string {
  return open.repeat(depth) + "1" + close.repeat(depth);
}
