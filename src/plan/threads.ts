/**
 * @file How many CPU threads the runtime gets.
 */
import type { MachineLimits } from "./machine-limits.js";

/**
 * Threads as asked, else the whole cores of the machine's quota, at least one: threads beyond the quota wait for each
 * other (half a core is left idle before a whole thread is throttled).
 */
export function chooseThreads(asked: number | "auto", machine: MachineLimits): number {
  return asked === "auto" ? Math.max(1, Math.floor(machine.cores)) : asked;
}
