/**
 * @file Work that goes on at the same time: the models compute on threads of their own, so that several learnings keep all
 * of them busy.
 */

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
