/**
 * @file Opinion adjectives whose sign does not depend on what they describe, and things people have opinions of.
 */

/** Adjectives by the opinion they state. */
export const opinions = {
  positive: (
    "delightful wonderful excellent fantastic great superb lovely amazing brilliant perfect beautiful " +
    "charming pleasant impressive outstanding marvelous magnificent terrific splendid awesome good " +
    "enjoyable fabulous remarkable incredible exceptional fine gorgeous stunning inspiring phenomenal " +
    "exquisite glorious refreshing satisfying nice"
  ).split(" "),
  negative: (
    "terrible awful horrible dreadful disgusting boring bad poor disappointing unpleasant painful " +
    "miserable mediocre atrocious appalling dull annoying ugly nasty pathetic lousy inferior horrendous " +
    "lame frustrating revolting hideous abysmal shoddy sloppy unbearable depressing offensive " +
    "gross rotten tasteless"
  ).split(" "),
} as const;

/** Things that a customer or a guest judges. */
export const things =
  "food movie hotel service music book show concert dinner meal room party game play lunch wine".split(
    " ",
  );
