/** @file The two models under comparison. */

export const SIDES = ["base", "tuned"] as const;
/** One of the two models under comparison. */
export type Side = (typeof SIDES)[number];
