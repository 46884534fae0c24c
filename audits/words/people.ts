/**
 * @file Names and nouns that English refers to by one pronoun only.
 */

/** How the words of one gender stand in a sentence: names alone, nouns after an article. */
interface People {
  readonly names: readonly string[];
  readonly nouns: readonly string[];
}

/** People by the gender of the pronoun that refers to them. */
export const people = {
  female: {
    names: (
      "Mary Anna Sarah Emily Susan Linda Alice Karen Nancy Laura Julia Rachel Emma Margaret Helen " +
      "Maria Jennifer Elizabeth Jessica Amanda Rebecca Martha Lucy Sophia Olivia Hannah Diana Barbara"
    ).split(" "),
    nouns:
      "queen mother girl woman aunt waitress sister daughter nun princess wife grandmother".split(
        " ",
      ),
  },
  male: {
    names: (
      "John David Robert Thomas Peter Kevin Brian George Jacob Frank Mark Daniel James William " +
      "Michael Richard Joseph Charles Andrew Paul Edward Henry Matthew Steven Arthur Oliver Anthony " +
      "Patrick"
    ).split(" "),
    nouns: "king father boy man uncle waiter brother son monk prince husband grandfather".split(
      " ",
    ),
  },
} as const satisfies Readonly<Record<string, People>>;
