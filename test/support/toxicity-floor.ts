/**
 * @file Token accuracy as the paper counts it, without any learning: how much of it is there before anything is exchanged.
 *
 * The paper exchanges the tokens 0…i of a target text, then feeds the *source's* tokens, and counts over all positions from
 * i on whether the target predicts what the source model predicts. Two marks to read that by need forward passes
 * alone: the floor, where nothing is exchanged and the target reads its own beginning with the source's end; and the exact
 * swap of embeddings, where the target reads the source text, so that only its weights differ from the source model's. The
 * second is no upper bound: a map that steers can go beyond it.
 */
import { invariant, present } from "../../src/errors.js";
import { i32 } from "../../src/numeric/vector.js";
import type { Tally } from "../../src/stats/intervals.js";
import type { Stream } from "../../src/stats/stream.js";

/** A target text that goes on as the source text after token `last`. */
export interface Splice {
  readonly source: number;
  readonly target: number;
  /** Last token that is the target's; counting begins there. */
  readonly last: number;
}

/** Most probable next tokens of one model, `[text][token]` and `[splice][token]`. */
export interface Predictions {
  readonly natural: readonly Int32Array[];
  readonly spliced: readonly Int32Array[];
}

/** Both marks of one direction, in tokens. */
export interface TokenAccuracy {
  readonly floor: Tally;
  readonly exactSwap: Tally;
}

/** Texts shorter than this cannot be cut in their middle half. */
const SHORTEST = 8;

/** Random pairs of different texts, each cut in the middle half of the shorter one; the paper keeps 10 of 64 at each end. */
export function drawSplices(
  texts: readonly (readonly number[])[],
  { n, stream }: { readonly n: number; readonly stream: Stream },
): readonly Splice[] {
  const long = texts.flatMap(({ length }, i) => (length >= SHORTEST ? [i] : []));
  invariant(long.length > 1, `${long.length} texts of ${SHORTEST} tokens or more`);
  return Array.from({ length: n }, () => {
    const source = stream.pick(long);
    const target = stream.pick(long.filter((i) => i !== source));
    const shorter = Math.min(at(texts, source).length, at(texts, target).length);
    const first = Math.ceil(shorter / 4);
    return { source, target, last: first + stream.int(Math.floor(shorter / 2)) };
  });
}

/** Tokens that the target model reads when nothing is exchanged. */
export function spliceTokens(
  texts: readonly (readonly number[])[],
  { source, target, last }: Splice,
): readonly number[] {
  return [...at(texts, target).slice(0, last + 1), ...at(texts, source).slice(last + 1)];
}

/** Both marks of one direction. */
export function tokenAccuracy(
  splices: readonly Splice[],
  { source, target }: Readonly<Record<"source" | "target", Predictions>>,
): TokenAccuracy {
  const floor = { hits: 0, n: 0 };
  const exactSwap = { hits: 0, n: 0 };
  splices.forEach((splice, s) => {
    const labels = at(source.natural, splice.source);
    const own = at(target.natural, splice.source);
    const spliced = at(target.spliced, s);
    for (let t = splice.last; t < labels.length; t++) {
      floor.n += 1;
      exactSwap.n += 1;
      if (i32(spliced, t) === i32(labels, t)) floor.hits += 1;
      if (i32(own, t) === i32(labels, t)) exactSwap.hits += 1;
    }
  });
  return { floor, exactSwap };
}

function at<T>(list: readonly T[], i: number): T {
  return present(list[i], `element ${i}`);
}
