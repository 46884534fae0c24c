/**
 * @file Countable nouns with regular and irregular plurals: subjects of the number audit, and the places between
 * subject and verb. The two lists share no noun, so a subject that was held out is not met as an attractor.
 */

/** A noun in both numbers. */
export interface Noun {
  readonly singular: string;
  readonly plural: string;
}

/** Nouns that only take an s. */
function regular(list: string): readonly Noun[] {
  return list.split(" ").map((singular) => ({ singular, plural: `${singular}s` }));
}

/** Subjects. */
export const subjects: readonly Noun[] = [
  ...regular(
    "key book car bird boat letter picture chair lamp bottle coin ring flag horse dog cat",
  ),
  ...regular("doctor lawyer farmer teacher writer actor student pilot king guard painter driver"),
  ...regular("friend brother girl boy cousin neighbor visitor singer sailor clerk apple flower"),
  ...regular("shirt basket hammer ticket"),
  { singular: "man", plural: "men" },
  { singular: "woman", plural: "women" },
  { singular: "child", plural: "children" },
  { singular: "knife", plural: "knives" },
];

/** Places: the nouns that try to attract the verb. */
export const places: readonly Noun[] = [
  ...regular(
    "cabinet table tower road lake house garden bridge shop school river wall door window",
  ),
  ...regular("tree station temple mountain"),
];

/** What relates a subject to a place. */
export const prepositions = ["near", "behind", "beside"] as const;
