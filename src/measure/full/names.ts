/** @file What cells of whole contexts are called; apart from what measures them, so that a plan loads no runtime for it. */

/** Name of the one variable: everything that a text has said so far. */
export const FULL_VARIABLE = "full";
/** Role of the sites: token 1 to the last. */
export const FULL_ROLE = "every token";
