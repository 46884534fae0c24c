/**
 * @file Work that goes on at the same time: the models compute on threads of their own, so that several learnings keep all
 * of them busy.
 */
import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * The results of all of `work`, in its order. Waits until all have ended, also when one fails, so that nothing still
 * reads what the caller then releases.
 *
 * @throws the error of the first one in the list that failed.
 */
export async function together<T extends readonly unknown[]>(work: {
  readonly [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  const ended = await Promise.allSettled(work);
  const failed = ended.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  return Promise.all(work); // all are settled; the mapped type is that of the list
}

/**
 * As {@link together}, but each piece of work begins one turn of the event loop after the one before it: what the first
 * sends to its model is under way while the next one is prepared.
 *
 * @throws the error of the first one in the list that failed.
 */
export function inTurn<T>(work: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  return together(
    work.map(async (begin, turns) => {
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      return begin();
    }),
  );
}
