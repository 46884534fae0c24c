/**
 * @file Things that a person can carry, each with a short name that is one word.
 */

/** Things to look up. */
export const carried = "book key cup hat ball pen map bag".split(" ");
