/**
 * @file Number words in their order.
 */

/** One to twelve: the number words of English that are one word and have no part in common. */
export const counting = "one two three four five six seven eight nine ten eleven twelve".split(" ");
