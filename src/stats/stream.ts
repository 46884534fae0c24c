/**
 * @file Named random streams: adding a consumer never shifts the others, and the same seed gives the same numbers.
 */
import { createHash } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { invariant, present } from "../errors.js";

/** A source of random numbers with its own name. */
export interface Stream {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). @throws {@link InvariantError} unless n is a positive integer. */
  int(n: number): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** One element, uniformly. @throws {@link InvariantError} for an empty list. */
  pick<T>(from: readonly T[]): T;
  /** A shuffled copy (Fisher–Yates). */
  shuffle<T>(from: readonly T[]): T[];
  /** An independent stream called `name/child`; its numbers do not depend on what was drawn here. */
  fork(child: string): Stream;
}

/** The stream of this name under this seed. */
export function stream(seed: number, name: string): Stream {
  const digest = createHash("sha256").update(`${seed}\0${name}`).digest();
  const generator = xoroshiro128plus(digest.readInt32LE(0));
  const next = (): number => uniformFloat64(generator);
  const int = (n: number): number => {
    invariant(Number.isInteger(n) && n > 0, `stream.int(${n})`);
    return uniformInt(generator, 0, n - 1);
  };
  return {
    next,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (from) => from[int(from.length)] as (typeof from)[number],
    shuffle<T>(from: readonly T[]): T[] {
      const out = [...from];
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(i + 1);
        const kept = present(out[i], "shuffled element");
        out[i] = present(out[j], "shuffled element");
        out[j] = kept;
      }
      return out;
    },
    fork: (child) => stream(seed, `${name}/${child}`),
  };
}
