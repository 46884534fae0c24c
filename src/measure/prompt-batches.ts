/** @file Which prompts of a comparison are looked at together: the tables grow with the square of their number. */
import type { Stream } from "../stats/stream.js";

/**
 * Most prompts that are looked at all at once. A sketch takes 4 n² bytes, so that 28 tuned layers take 0.45 GB at 2,000
 * prompts (11 GB at 10,000); a prompt costs 1.6 ms per layer of 1,536 units at 2,000, and 3.7 ms at 4,000 (one slow core).
 */
const AT_ONCE = 2000;

/**
 * Most prompts of a batch where there are more: 0.11 GB for 28 tuned layers, 1.0 ms per prompt and layer. On 4,000 prompts
 * CKA was within .001 and RSA within .0003 of those of all at once. Half the size takes half the time, but doubles what
 * chance alone gives of common neighbours (k over the others of a batch).
 */
const BATCH = 1000;

/**
 * Prompts 0 to n − 1, by batch: all in one, in their order, or dealt by `random` to as few batches as hold no more than
 * 1,000 each, whose sizes differ by one at most.
 */
export function promptBatches(n: number, random: Stream): readonly (readonly number[])[] {
  const all = [...Array(n).keys()];
  if (n <= AT_ONCE) return [all];
  const dealt = random.shuffle(all);
  const count = Math.ceil(n / BATCH);
  const edge = (batch: number): number => Math.round((batch * n) / count);
  return Array.from({ length: count }, (_, batch) => dealt.slice(edge(batch), edge(batch + 1)));
}
