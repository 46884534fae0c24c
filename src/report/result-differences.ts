/**
 * @file Where two results differ in what two identical runs have in common: everything but `manifest.timing`. The
 * programs and the device that made them are told apart: they explain a difference and are none.
 */
import { formatPath, isObject, showValue, type JsonPath } from "../plan/json-path.js";
import type { Manifest, Result } from "./schema.js";

/** One place where two results differ. */
export interface Difference {
  /** `cells[3].learning.trained[0]`. */
  readonly path: string;
  /** As JSON, shortened; "nothing" where the place is not there. */
  readonly was: string;
  readonly is: string;
}

/** Every place where a result differs from an earlier one, in the order of the earlier one. */
export function findDifferences(was: Result, is: Result): readonly Difference[] {
  return [...differing(repeatable(was), repeatable(is), [])].map(([path, before, after]) => ({
    path: formatPath(path),
    was: showValue(before),
    is: showValue(after),
  }));
}

/** What made two results, where that differs. */
export function findOtherMakers(was: Manifest, is: Manifest): readonly Difference[] {
  const makers = ({ tool, versions, provider }: Manifest): Readonly<Record<string, string>> => ({
    [tool.name]: tool.version,
    ...versions,
    provider,
  });
  const [before, after] = [makers(was), makers(is)];
  return Object.keys(before)
    .filter((name) => before[name] !== after[name])
    .map((name) => ({ path: name, was: before[name] ?? "nothing", is: after[name] ?? "nothing" }));
}

function repeatable({ manifest, ...rest }: Result): unknown {
  const { inputs, tokenizer, audits, seed, k, layers, options, judgedAgain } = manifest;
  return {
    ...rest,
    manifest: { inputs, tokenizer, audits, seed, k, layers, options, judgedAgain },
  };
}

type Found = readonly [path: JsonPath, was: unknown, is: unknown];

function* differing(was: unknown, is: unknown, path: JsonPath): Generator<Found> {
  if (was === is) return;
  if (!isObject(was) || !isObject(is) || Array.isArray(was) !== Array.isArray(is)) {
    yield [path, was, is];
    return;
  }
  const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
  for (const key of keys) {
    const step = Array.isArray(was) ? Number(key) : key;
    yield* differing(was[key], is[key], [...path, step]);
  }
}
