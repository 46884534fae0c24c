/**
 * @file Reads `config.json` so that nothing in it is overlooked: every key is read by the family (then it is
 * implemented), known to change nothing, or must have a certain value. Anything else is an error that names it.
 */
import { isDeepStrictEqual } from "node:util";
import { ModelFormatError } from "../../errors.js";
import { nearest } from "../../plan/did-you-mean.js";
import { isJson, type Json } from "../json-object.js";
import { isIdleKey, NEUTRAL_VALUES } from "./config-keys.js";

/** Keys beyond those that a family reads. */
export interface KeyTable {
  /** Keys that do not change what the model computes when it is evaluated. */
  readonly harmless: readonly string[];
  /** Keys that are understood only at these values. */
  readonly mustEqual: Readonly<Record<string, readonly unknown[]>>;
}

/** Far beyond every model. Tables and lists are made of these sizes before any weight is looked at. */
const LARGEST_COUNTS: Readonly<Record<string, number>> = {
  num_hidden_layers: 1 << 12,
  n_layer: 1 << 12,
  hidden_size: 1 << 20,
  n_embd: 1 << 20,
  head_dim: 1 << 16,
};
/** Of the other sizes. */
const LARGEST_COUNT = 2 ** 31;

interface Mistake {
  readonly key: string;
  readonly expected: string;
  readonly found: unknown;
}

/** One object of the file, with the keys that were asked for. Mistakes are kept until {@link ConfigReader.finish}. */
export class ConfigReader {
  readonly #read = new Set<string>();
  readonly #children: ConfigReader[] = [];

  constructor(
    readonly json: Json,
    /** Path of the file. */
    readonly file: string,
    private readonly path: readonly string[] = [],
    private readonly mistakes: Mistake[] = [],
  ) {}

  /** Keys that were asked for so far: those that are implemented. */
  get implemented(): readonly string[] {
    return [...this.#read];
  }

  #value(key: string): unknown {
    this.#read.add(key);
    return this.json[key] ?? undefined;
  }

  /** A required whole number, 1 or more. */
  count(key: string): number {
    return this.optionalCount(key) ?? this.#missing(key, "a whole number, 1 or more", 1);
  }

  /** A whole number, 1 or more; null and absent alike are `undefined`. */
  optionalCount(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const largest = LARGEST_COUNTS[key] ?? LARGEST_COUNT;
    const isCount = typeof value === "number" && Number.isSafeInteger(value) && value > 0;
    if (isCount && value <= largest) return value;
    this.problem(key, isCount ? `at most ${largest}` : "a whole number, 1 or more", value);
    return 1;
  }

  /** A required finite number. */
  number(key: string): number {
    return this.optionalNumber(key) ?? this.#missing(key, "a number", 1);
  }

  optionalNumber(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    this.problem(key, "a number", value);
    return 1;
  }

  /** A list of `length` finite numbers. */
  numbers(key: string, length: number): readonly number[] {
    const value = this.#value(key);
    const isRight =
      Array.isArray(value) && value.length === length && value.every((x) => Number.isFinite(x));
    if (isRight) return value as number[]; // checked just above
    this.problem(key, `a list of ${length} numbers`, value);
    return [];
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#value(key);
    if (value === undefined) return fallback;
    if (typeof value === "boolean") return value;
    this.problem(key, "true or false", value);
    return fallback;
  }

  optionalText(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === "string") return value;
    this.problem(key, "a text", value);
    return undefined;
  }

  /** One of a set of words. */
  oneOf<T extends string>(key: string, words: readonly T[], fallback: T): T {
    const value = this.#value(key);
    if (value === undefined) return fallback;
    const word = words.find((each) => each === value);
    if (word === undefined) this.problem(key, `one of ${words.join(", ")}`, value);
    return word ?? fallback;
  }

  /** A list with one entry for each of `length` layers, each one of `allowed`. */
  perLayer<T>(key: string, length: number, allowed: readonly T[]): readonly T[] | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const isRight =
      Array.isArray(value) &&
      value.length === length &&
      value.every((x) => allowed.includes(x as T));
    if (isRight) return value as T[]; // checked just above
    this.problem(key, `a list of ${length} of ${allowed.map(String).join(", ")}`, value);
    return undefined;
  }

  /** The object under a key, read in the same way; its unknown keys are mistakes as well. */
  optionalObject(key: string): ConfigReader | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const known = this.#children.find(({ path }) => path.at(-1) === key);
    if (known !== undefined) return known;
    if (isJson(value)) return this.#child(key, value);
    this.problem(key, "an object", value);
    return undefined;
  }

  /** An object that is not there. */
  empty(key: string): ConfigReader {
    return this.#child(key, {});
  }

  #child(key: string, json: Json): ConfigReader {
    const child = new ConfigReader(json, this.file, [...this.path, key], this.mistakes);
    this.#children.push(child);
    return child;
  }

  /** Marks a key as read; it must be absent, null, or one of `values`. */
  mustEqual(key: string, values: readonly unknown[]): void {
    const value = this.#value(key);
    if (value === undefined || values.some((each) => isDeepStrictEqual(each, value))) return;
    const allowed = values.map((each) => JSON.stringify(each)).join(" or ");
    this.problem(key, allowed === "" ? "no such key" : allowed, value);
  }

  /** Keeps a mistake; `key` is one of this object. Each key is reported once. */
  problem(key: string, expected: string, found: unknown): void {
    const full = [...this.path, key].join(".");
    if (this.mistakes.some((mistake) => mistake.key === full)) return;
    this.mistakes.push({ key: full, expected, found });
  }

  #missing(key: string, expected: string, fallback: number): number {
    this.problem(key, expected, undefined);
    return fallback;
  }

  /**
   * Ends the reading.
   *
   * @throws {@link ModelFormatError} `CHECKPOINT_CONFIG` listing every mistake and every key that is not understood.
   */
  finish({ harmless, mustEqual }: KeyTable): void {
    for (const [key, values] of Object.entries({ ...NEUTRAL_VALUES, ...mustEqual }))
      this.mustEqual(key, values);
    const unknown = this.#unknown(new Set(harmless));
    if (this.mistakes.length === 0 && unknown.length === 0) return;
    const found = [
      ...this.mistakes.map(
        ({ key, expected, found }) => `"${key}" is ${words(found)}, expected ${expected}`,
      ),
      ...unknown.map(({ key, value }) => `"${key}": ${words(value)} is not known for this family`),
    ];
    const near = unknown.flatMap(({ key }) => nearest(key, this.implemented) ?? []);
    throw new ModelFormatError("the configuration asks for what this program does not compute", {
      code: "CHECKPOINT_CONFIG",
      where: this.file,
      expected: "keys whose effect on the model is known",
      found: found.join("; "),
      hint:
        near.length > 0
          ? `is "${near.join('", "')}" meant? Otherwise export the model to ONNX and give the .onnx file`
          : "export the model to ONNX and give the .onnx file; a key that changes nothing can be removed from a copy of config.json",
    });
  }

  #unknown(harmless: ReadonlySet<string>): { key: string; value: unknown }[] {
    const own = Object.entries(this.json).flatMap(([key, value]) =>
      this.#read.has(key) || harmless.has(key) || isOff(value) || isIdle(key, this.path)
        ? []
        : [{ key: [...this.path, key].join("."), value }],
    );
    return [...own, ...this.#children.flatMap((child) => child.#unknown(new Set()))];
  }
}

/** A switch that is off, or a value that is not set, asks for nothing. */
function isOff(value: unknown): boolean {
  return value === null || value === false;
}

function isIdle(key: string, path: readonly string[]): boolean {
  return path.length === 0 && isIdleKey(key);
}

function words(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
