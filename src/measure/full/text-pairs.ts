/** @file Pairs of texts that can exchange their contexts: same length, same first token, different answers where asked. */
import type { Stream } from "../../stats/stream.js";
import { i32 } from "../../numeric/vector.js";
import { SIDES, type Side } from "../measures.js";
import { pairingKey, type PreparedText } from "./prepared-texts.js";
import type { TextPairs } from "./token-rows.js";

/** What pairs are drawn from. */
interface Candidates {
  readonly items: readonly PreparedText[];
  /** Items of one split. */
  readonly members: readonly number[];
  /** `[item]`, most probable next token by model: with it, only pairs on which it differs in both models. */
  readonly changedBy?: Readonly<Record<Side, Int32Array>>;
}

/** Which pairs to draw. */
export interface PairRequest extends Candidates {
  readonly stream: Stream;
  /** Pairs wanted; fewer where there are fewer. */
  readonly n: number;
}

/** Ordered pairs of members that could be drawn. */
function partnersOf({ items, members, changedBy }: Candidates): Map<number, number[]> {
  const byKey = new Map<string, number[]>();
  for (const item of members) {
    const key = pairingKey(items[item] ?? { ids: [] });
    byKey.set(key, [...(byKey.get(key) ?? []), item]);
  }
  const differ = (a: number, b: number): boolean =>
    changedBy === undefined ||
    SIDES.every((side) => i32(changedBy[side], a) !== i32(changedBy[side], b));
  return new Map(
    [...byKey.values()].flatMap((peers) =>
      peers.map((item): [number, number[]] => [
        item,
        peers.filter((peer) => peer !== item && differ(item, peer)),
      ]),
    ),
  );
}

/** Number of distinct ordered pairs. */
export function countPairs(candidates: Candidates): number {
  return [...partnersOf(candidates).values()].reduce((sum, { length }) => sum + length, 0);
}

/** Draws distinct pairs; targets take turns, so that any beginning uses each text about equally often. */
export function drawTextPairs(request: PairRequest): TextPairs {
  const { stream, n } = request;
  const queues = [...partnersOf(request)].map(([target, sources]) => ({
    target,
    sources: stream.fork(`sources/${target}`).shuffle(sources),
  }));
  const order = stream.fork("targets").shuffle(queues);
  const rounds = Math.max(0, ...order.map(({ sources }) => sources.length));
  const pairs: { target: number; source: number }[] = [];
  for (let round = 0; round < rounds && pairs.length < n; round++) {
    for (const { target, sources } of order) {
      const source = sources[round];
      if (source !== undefined) pairs.push({ target, source });
    }
  }
  const drawn = pairs.slice(0, n);
  return {
    target: Int32Array.from(drawn, ({ target }) => target),
    source: Int32Array.from(drawn, ({ source }) => source),
  };
}

/**
 * The same pairs with the sources dealt to other pairs of one length: a null that keeps everything but which context it
 * is. Sources move on by one within a shuffled round, so that none stays unless it is alone of its length.
 */
export function permuteSources(
  { target, source }: TextPairs,
  items: readonly PreparedText[],
  stream: Stream,
): TextPairs {
  const dealt = source.slice();
  const byKey = new Map<string, number[]>();
  for (const pair of stream.shuffle([...target.keys()])) {
    const key = pairingKey(items[i32(target, pair)] ?? { ids: [] });
    byKey.set(key, [...(byKey.get(key) ?? []), pair]);
  }
  for (const round of byKey.values()) {
    round.forEach((pair, i) => {
      dealt[pair] = i32(source, round[(i + 1) % round.length] ?? pair);
    });
  }
  return { target, source: dealt };
}
